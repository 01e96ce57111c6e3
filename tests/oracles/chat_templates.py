"""Chat templates that do what the published ones do, in words of our own, and how to try them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from random_strings import random_string

SMOLLM2_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}"
    "{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PLAIN_CHATML_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
    "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# Qwen 2.5 and 3: a default system prompt; Qwen 3 leaves thinking out of earlier answers.
QWEN25_TEMPLATE = (
    "{%- if messages and messages[0]['role'] == 'system' %}{{- '<|im_start|>system\\n' + messages[0]['content'] + "
    "'<|im_end|>\\n' }}{%- else %}{{- '<|im_start|>system\\nYou are Qwen, a helpful assistant.<|im_end|>\\n' }}"
    "{%- endif %}{%- for message in messages %}{%- if not (loop.first and message.role == 'system') %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
QWEN3_TEMPLATE = (
    "{%- for message in messages %}{%- set content = message.content %}{%- if message.role == 'assistant' and "
    "'</think>' in content %}{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}"
    "{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined and not "
    "enable_thinking %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)
LLAMA3_TEMPLATE = (
    "{% for message in messages %}{% set part = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + "
    "message['content'] | trim + '<|eot_id|>' %}{% if loop.first %}{% set part = bos_token + part %}{% endif %}"
    "{{ part }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
LLAMA31_TEMPLATE = (
    "{{- bos_token }}{%- if not date_string is defined %}{%- set date_string = \"26 Jul 2024\" %}{%- endif %}"
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}"
    "{%- set messages = messages[1:] %}{%- else %}{%- set system_message = \"\" %}{%- endif %}"
    "{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}{{- \"Cutting Knowledge Date: December 2023\\n\" }}"
    "{{- \"Today Date: \" + date_string + \"\\n\\n\" }}{{- system_message }}{{- \"<|eot_id|>\" }}"
    "{%- for message in messages %}{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + "
    "message['content'] | trim + '<|eot_id|>' }}{%- endfor %}{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
GEMMA_TEMPLATE = (
    "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set prefix = messages[0]['content'] + '\\n\\n' -%}"
    "{%- set turns = messages[1:] -%}{%- else -%}{%- set prefix = '' -%}{%- set turns = messages -%}{%- endif -%}"
    "{%- for message in turns -%}{%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}"
    "{{ '<start_of_turn>' + role + '\\n' + (prefix if loop.first else '') }}{{ message['content'] | trim }}"
    "{{ '<end_of_turn>\\n' }}{%- endfor -%}{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}"
)
MISTRAL_TEMPLATE = (
    "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set prefix = messages[0]['content'] + '\\n\\n' -%}"
    "{%- set turns = messages[1:] -%}{%- else -%}{%- set prefix = '' -%}{%- set turns = messages -%}{%- endif -%}"
    "{%- for message in turns -%}{%- if message['role'] == 'assistant' -%}{{ message['content'] + eos_token }}"
    "{%- else -%}{{ '[INST] ' + (prefix if loop.first else '') + message['content'] + ' [/INST]' }}{%- endif -%}"
    "{%- endfor -%}"
)


@dataclass
class Chat:
    name: str
    template: str
    joins_system: bool = False  # instructions stand in the user's turn: one must follow
    is_never_empty: bool = False


CHATML_CHATS = [Chat("SmolLM2", SMOLLM2_TEMPLATE), Chat("plain ChatML", PLAIN_CHATML_TEMPLATE),
                Chat("Qwen 2.5", QWEN25_TEMPLATE, is_never_empty=True), Chat("Qwen 3", QWEN3_TEMPLATE)]
LLAMA3_CHATS = [Chat("Llama 3", LLAMA3_TEMPLATE), Chat("Llama 3.1", LLAMA31_TEMPLATE, is_never_empty=True)]
GEMMA_CHAT = Chat("Gemma", GEMMA_TEMPLATE, joins_system=True, is_never_empty=True)
MISTRAL_CHAT = Chat("Mistral", MISTRAL_TEMPLATE, joins_system=True, is_never_empty=True)


def random_conversation(rng: random.Random, chat: Chat) -> list[dict]:
    turns = rng.randrange(1 if chat.is_never_empty else 0, 7)
    roles = [*(["system"] if rng.random() < 0.4 else []), *(["user", "assistant"] * 3)[:turns]]
    if rng.random() < 0.2 and not chat.joins_system:
        roles.append("tool")
    hostile = rng.random() < 0.5
    messages = []
    for role in roles:
        # White space in front is where a careless split of role and content shows.
        content = rng.choice(["", "", "  ", "\n", "\n\n "]) + random_string(rng)
        if not hostile:
            content = content.replace("<", "").replace("[", "")
        if role == "assistant" and rng.random() < 0.3:
            content = "<think>\nHm.\n</think>\n\n" + content
        messages.append({"role": role, "content": content})
    return messages
