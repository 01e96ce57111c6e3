// A thousand turns of sessions on several threads, whose tools succeed, fail, wait and cancel as a
// seed says: transcripts stay well formed, and what fails leaves no trace. Run under ASan and TSan
// as well (make asan, make tsan).
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "espalier/espalier.h"

namespace app {

enum class Fate { text, structure, linger, wait, fail, cancel };

struct Job {
  Fate fate = Fate::text;
  int number = 0;
};

}  // namespace app

ESPALIER_GENERABLE_ENUM(app::Fate, text, structure, linger, wait, fail, cancel);
ESPALIER_GENERABLE(app::Job, fate, number);

namespace espalier {
namespace {

using app::Fate;
using app::Job;

constexpr int threads = 4;
constexpr int turns_of_a_thread = 250;

struct Round {
  std::string text;  // in front of the calls
  std::vector<Job> jobs;
  bool is_wrong = false;  // the last call is of a tool that is not there
};

// What the model says in one turn, and who cancels it.
struct Plan {
  std::vector<Round> rounds;
  std::string answer;
  bool model_fails = false;
  std::optional<int> canceller_waits;       // from another thread, after so many breaths
  std::optional<std::size_t> leaves_after;  // the reader of a stream, after so many snapshots

  bool has(Fate fate) const {
    for (const Round& round : rounds) {
      for (const Job& job : round.jobs) {
        if (job.fate == fate) return true;
      }
    }
    return false;
  }
  bool has_wrong_call() const {
    for (const Round& round : rounds) {
      if (round.is_wrong) return true;
    }
    return false;
  }
  bool may_be_cancelled() const { return canceller_waits || leaves_after || has(Fate::cancel); }
  bool must_succeed() const {
    return !may_be_cancelled() && !model_fails && !has(Fate::fail) && !has_wrong_call();
  }
};

class Planner {
 public:
  explicit Planner(std::uint32_t seed) : random_(seed) {}

  Plan plan() {
    Plan plan;
    const bool is_calm = one_in(2);  // else there would be few that succeed
    for (int rounds = below(4); rounds > 0; --rounds) plan.rounds.push_back(round(is_calm));
    for (int words = below(5); words > 0; --words) plan.answer += "word ";
    if (is_calm) return plan;
    plan.model_fails = one_in(10);
    if (one_in(6)) plan.canceller_waits = below(20);
    if (one_in(6)) plan.leaves_after = static_cast<std::size_t>(below(4));
    return plan;
  }

 private:
  Round round(bool is_calm) {
    Round round;
    if (one_in(4)) round.text = "Let me see. ";
    for (int jobs = 1 + below(5); jobs > 0; --jobs) {
      Fate fate = static_cast<Fate>(below(4));
      if (!is_calm && one_in(10)) fate = Fate::fail;
      if (!is_calm && one_in(15)) fate = Fate::cancel;
      round.jobs.push_back({fate, below(100)});
    }
    round.is_wrong = !is_calm && one_in(15);
    return round;
  }
  int below(int end) { return std::uniform_int_distribution(0, end - 1)(random_); }
  bool one_in(int n) { return below(n) == 0; }

  std::mt19937 random_;
};

// A session with the thread that uses it.
class User {
 public:
  explicit User(std::uint32_t seed, std::atomic<int>& running)
      : planner_(seed),
        running_(running),
        session_(std::make_shared<ScriptedLanguageModel>(
                     [this](const LanguageModelRequest& request) { return answer(request); }),
                 Tools{tool("work"), tool("toil")}, "Work.") {}

  void take_turn() {
    plan_ = planner_.plan();
    stop_ = std::stop_source();
    const Transcript before = session_.transcript();
    std::optional<std::jthread> canceller;
    if (plan_.canceller_waits) {
      canceller.emplace([stop = stop_, breaths = *plan_.canceller_waits]() mutable {
        for (int i = 0; i < breaths; ++i) std::this_thread::yield();
        stop.request_stop();
      });
    }
    const bool has_succeeded = respond();
    EXPECT_FALSE(session_.is_responding());
    EXPECT_TRUE(has_succeeded || !plan_.must_succeed());
    if (plan_.model_fails || plan_.has_wrong_call() || plan_.has(Fate::fail)) {
      EXPECT_FALSE(has_succeeded);
    }
    if (has_succeeded) {
      ++succeeded_;
      check_growth(before, session_.transcript());
    } else {
      EXPECT_EQ(session_.transcript(), before);
    }
    // Whatever became of it, a conversation as long as this says nothing new.
    if (before.size() > 60) restart();
  }

  int succeeded() const { return succeeded_; }

 private:
  bool respond() {
    try {
      ResponseStream<> stream = session_.stream_response("Go", {}, stop_.get_token());
      std::size_t snapshots = 0;
      std::string last;
      for (const auto& snapshot : stream) {
        EXPECT_TRUE(snapshot.content.starts_with(last));
        last = snapshot.content;
        if (plan_.leaves_after && snapshots++ == *plan_.leaves_after) break;
      }
      EXPECT_EQ(stream.collect().content, last);
      return true;
    } catch (const Cancelled&) {
      EXPECT_TRUE(plan_.may_be_cancelled());
    } catch (const ToolCallError& error) {
      EXPECT_TRUE(plan_.has(Fate::fail)) << error.what();
      EXPECT_THROW(std::rethrow_exception(error.underlying_error()), std::domain_error);
    } catch (const DecodingFailure& error) {
      EXPECT_TRUE(plan_.has_wrong_call()) << error.what();
    } catch (const std::runtime_error& error) {
      EXPECT_TRUE(plan_.model_fails) << error.what();
    }
    return false;
  }

  // Which round it is, the request's transcript says.
  ScriptedAnswer answer(const LanguageModelRequest& request) const {
    std::size_t done = 0;
    for (const Transcript::Entry& entry : request.transcript) {
      if (std::holds_alternative<Transcript::Prompt>(entry)) done = 0;
      if (std::holds_alternative<Transcript::ToolCalls>(entry)) ++done;
    }
    if (done == plan_.rounds.size()) {
      if (!plan_.model_fails) return {.text = plan_.answer};
      return {.text = plan_.answer,
              .error = std::make_exception_ptr(std::runtime_error("no more words"))};
    }
    const Round& round = plan_.rounds[done];
    ScriptedAnswer calls{.text = round.text};
    for (const Job& job : round.jobs) {
      calls.calls.push_back({.tool_name = job.number % 2 == 0 ? "work" : "toil",
                             .arguments = GeneratedContent::of(job)});
    }
    if (round.is_wrong) calls.calls.back().tool_name = "rest";
    return calls;
  }

  std::shared_ptr<Tool> tool(std::string name) {
    return make_tool<Job>(std::move(name), "Works.", [this](const Job& job, std::stop_token stop) {
      ++running_;
      const std::shared_ptr<void> leaves(nullptr, [this](void*) { --running_; });
      return work(job, std::move(stop));
    });
  }

  ToolOutput work(const Job& job, std::stop_token stop) {
    switch (job.fate) {
      case Fate::text:
        break;
      case Fate::structure:
        return GeneratedContent::of(job);
      case Fate::linger:
        for (int i = 0; i < job.number / 10; ++i) std::this_thread::yield();
        break;
      case Fate::wait: {
        std::mutex mutex;
        std::condition_variable_any changed;
        std::unique_lock lock(mutex);
        changed.wait_for(lock, stop, std::chrono::milliseconds(1), [] { return false; });
        break;
      }
      case Fate::fail:
        throw std::domain_error("it broke");
      case Fate::cancel:
        stop_.request_stop();
        break;
    }
    return "done " + std::to_string(job.number);
  }

  // The prompt; then calls, each with its output; then the response.
  void check_growth(const Transcript& before, const Transcript& after) const {
    ASSERT_GT(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) ASSERT_EQ(after[i], before[i]);
    std::size_t at = before.size();
    ASSERT_TRUE(std::holds_alternative<Transcript::Prompt>(after[at++]));
    for (const Round& round : plan_.rounds) {
      if (!round.text.empty()) {
        ASSERT_EQ(entry_text(after[at++]), round.text);
      }
      const auto& calls = std::get<Transcript::ToolCalls>(after[at++]).calls;
      ASSERT_EQ(calls.size(), round.jobs.size());
      for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto& output = std::get<Transcript::ToolOutput>(after[at]);
        EXPECT_EQ(output.call_id, calls[i].id);
        EXPECT_EQ(output.tool_name, calls[i].tool_name);
        const std::string text = entry_text(after[at++]);
        EXPECT_NE(text.find(std::to_string(round.jobs[i].number)), std::string::npos) << text;
      }
    }
    ASSERT_TRUE(std::holds_alternative<Transcript::Response>(after[at]));
    EXPECT_EQ(entry_text(after[at++]), plan_.answer);
    EXPECT_EQ(at, after.size());
  }

  void restart() {
    session_ = LanguageModelSession(
        std::make_shared<ScriptedLanguageModel>(
            [this](const LanguageModelRequest& request) { return answer(request); }),
        Tools{tool("work"), tool("toil")}, "Work.");
  }

  Planner planner_;
  std::atomic<int>& running_;
  Plan plan_;
  std::stop_source stop_;
  LanguageModelSession session_;
  int succeeded_ = 0;
};

TEST(ToolTurns, AThousandLeaveWellFormedTranscriptsAndNothingElse) {
  std::atomic<int> running = 0;
  std::atomic<int> succeeded = 0;
  {
    std::vector<std::jthread> users;
    users.reserve(threads);
    for (std::uint32_t seed = 0; seed < threads; ++seed) {
      users.emplace_back([seed, &running, &succeeded] {
        User user(seed, running);
        for (int turn = 0; turn < turns_of_a_thread; ++turn) {
          SCOPED_TRACE(testing::Message() << "seed " << seed << ", turn " << turn);
          user.take_turn();
          if (testing::Test::HasFailure()) break;
        }
        succeeded += user.succeeded();
      });
    }
  }
  EXPECT_EQ(running, 0);
  EXPECT_GT(succeeded, threads * turns_of_a_thread / 3);
  EXPECT_LT(succeeded, threads * turns_of_a_thread);
}

}  // namespace
}  // namespace espalier
