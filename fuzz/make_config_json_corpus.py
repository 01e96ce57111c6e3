"""Writes the seeds of the config.json fuzzer: small files of every family as transformers 4 and 5 write them, the
files beside them, and broken ones.

    python3 fuzz/make_config_json_corpus.py fuzz/corpus/config_json

The output does not change from run to run.
"""

import json
import pathlib
import sys

SIZES = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2,
         "head_dim": 16, "num_hidden_layers": 3, "vocab_size": 100, "max_position_embeddings": 4096,
         "rms_norm_eps": 1e-06, "torch_dtype": "bfloat16", "bos_token_id": 1, "eos_token_id": [2, 3]}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 1024}
GEMMA = {**SIZES, "model_type": "gemma3_text", "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 16,
         "sliding_window": 512, "final_logit_softcapping": None, "attn_logit_softcapping": None}
WHOLE = {
    "llama": {**SIZES, "model_type": "llama", "hidden_act": "silu", "rope_theta": 500000.0, "rope_scaling": LLAMA3,
              "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True},
    "llama_linear": {**SIZES, "model_type": "llama", "rope_scaling": {"type": "linear", "factor": 2.0}},
    "mistral": {**SIZES, "model_type": "mistral", "sliding_window": 32},
    "qwen2": {**SIZES, "model_type": "qwen2", "use_sliding_window": True, "sliding_window": 32,
              "max_window_layers": 1},
    "qwen3": {**SIZES, "model_type": "qwen3", "layer_types": ["full_attention"] * 3},
    "gemma3": {**GEMMA, "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "sliding_window_pattern": 2,
               "rope_scaling": {"factor": 8.0, "rope_type": "linear"}},
    "gemma3_parts": {**GEMMA, "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
                     "rope_parameters": {
                         "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
                         "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}},
    "generation_config": {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None, "temperature": 0.6},
    "tokenizer_config": {"add_bos_token": True, "add_eos_token": False, "bos_token": "<s>",
                         "eos_token": {"content": "</s>", "lstrip": False}, "pad_token": None,
                         "chat_template": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>"
                                          "{% endfor %}"},
    "named_templates": {"chat_template": [{"name": "tool_use", "template": "x"},
                                          {"name": "default", "template": "[INST] {{ m }} [/INST]"}]},
}
BROKEN = {
    "bad_layers": ("llama", '"num_hidden_layers": 3', '"num_hidden_layers": 1099511627776'),
    "bad_heads": ("llama", '"num_attention_heads": 4', '"num_attention_heads": 1152921504606846976'),
    "bad_kv_heads": ("llama", '"num_key_value_heads": 2', '"num_key_value_heads": 3'),
    "bad_epsilon": ("llama", "1e-06", "0"),
    "bad_base": ("llama", "500000.0", "-1e30"),
    "bad_scaling": ("llama", '"llama3"', '"yarn"'),
    "bad_factor": ("llama_linear", "2.0", "1e-20"),
    "bad_family": ("llama", '"model_type": "llama"', '"model_type": "mamba"'),
    "bad_window": ("mistral", '"sliding_window": 32', '"sliding_window": -1'),
    "bad_layer_type": ("gemma3_parts", '"full_attention"]', '"chunked_attention"]'),
    "bad_quantised": ("qwen3", '"torch_dtype"', '"quantization_config": {"quant_method": "awq"}, "torch_dtype"'),
    "bad_end": ("generation_config", '"eos_token_id": 2', '"eos_token_id": [1, 100]'),
    "bad_token": ("tokenizer_config", '"<s>"', '"<bos>"'),
    "bad_twice": ("qwen2", '"head_dim": 16', '"hidden_size": 16'),
    "bad_cut": ("llama", '"max_position_embeddings": 4096, ', ""),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: json.dumps(config) for name, config in WHOLE.items()}
    for name, (whole, before, after) in BROKEN.items():
        if before not in texts[whole]:
            sys.exit(f"{whole} has no {before}")
        texts[name] = texts[whole].replace(before, after, 1)
    texts["bad_cut"] = texts["bad_cut"][:len(texts["bad_cut"]) // 2]
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
