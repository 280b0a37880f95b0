//! Embeds sentences with all-MiniLM-L6-v2, from a Tersor file and from the safetensors file, and compares both.
//!
//! From the root of the repository:
//!
//! ```sh
//! python3 benches/fetch_models.py --only minilm-l6-v2
//! cargo run --release --manifest-path tersor-candle/examples/embed/Cargo.toml
//! ```
//!
//! The time to the first embedding runs from the opening of the file to the embedding of one sentence. It includes
//! decoding, the construction of the model and the forward pass, but not the tokenizer. The safetensors file is read into
//! memory; candle can also map it, which is faster and needs `unsafe`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, DTYPE};
use tersor::{EncodeOptions, FileInput, encode_files};
use tokenizers::Tokenizer;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const NAME: &str = "minilm-l6-v2";
const REPETITIONS: usize = 15;
const SENTENCES: [&str; 3] = [
    "The weights of the network were compressed without loss.",
    "No bit of the neural network's parameters was changed.",
    "Yesterday it rained all day in the mountains.",
];

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("benches/models"), PathBuf::from);
    let part = |suffix: &str| folder.join(format!("{NAME}{suffix}"));
    let (safetensors, coded) = (part(".safetensors"), part(".tersor"));
    let config: Config = serde_json::from_slice(&read(&part(".config.json"))?)?;
    let mut tokenizer = Tokenizer::from_file(part(".tokenizer.json"))?;
    tokenizer.with_padding(None);
    if !coded.exists() {
        encode(&safetensors, &coded)?;
    }
    for path in [&safetensors, &coded] {
        println!("{}: {:.1} MB", path.display(), fs::metadata(path)?.len() as f64 / 1e6);
    }

    let from_safetensors =
        || VarBuilder::from_buffered_safetensors(read(&safetensors)?, DTYPE, &Device::Cpu).map_err(Into::into);
    let from_tersor = || tersor_candle::var_builder(&coded, DTYPE, &Device::Cpu).map_err(Into::into);
    let (mut original_times, mut tersor_times) = (Vec::new(), Vec::new());
    for repetition in 0..=REPETITIONS {
        let (original_time, original) = first_embedding(&from_safetensors, &config, &tokenizer)?;
        let (tersor_time, decoded) = first_embedding(&from_tersor, &config, &tokenizer)?;
        if bits(&original)? != bits(&decoded)? {
            return Err("the embeddings differ".into());
        }
        // the first time, the files may not be in the memory of the system
        if repetition > 0 {
            original_times.push(original_time);
            tersor_times.push(tersor_time);
        }
    }
    let [original, tersor] = [median(original_times), median(tersor_times)];
    println!("time to the first embedding, median of {REPETITIONS}:");
    println!("  safetensors  {:6.1} ms", original.as_secs_f64() * 1e3);
    println!(
        "  Tersor       {:6.1} ms, {:.2} times",
        tersor.as_secs_f64() * 1e3,
        tersor.as_secs_f64() / original.as_secs_f64()
    );

    let [original, decoded] =
        [embed_all(from_safetensors()?, &config, &tokenizer)?, embed_all(from_tersor()?, &config, &tokenizer)?];
    for (original, decoded) in original.iter().zip(&decoded) {
        if bits(original)? != bits(decoded)? {
            return Err("the embeddings differ".into());
        }
    }
    println!("all embeddings are equal, bit for bit");
    for (sentence, embedding) in SENTENCES.iter().zip(&decoded) {
        let likeness = (embedding * &decoded[0])?.sum_all()?.to_scalar::<f32>()?;
        println!("  {likeness:5.2}  {sentence}");
    }
    Ok(())
}

/// Encodes the model at the default level.
fn encode(from: &Path, to: &Path) -> Result<()> {
    println!("encoding {} ...", from.display());
    let content = read(from)?;
    let name = from.file_name().and_then(|name| name.to_str()).ok_or("the name is not UTF-8")?;
    let part = to.with_extension("part");
    encode_files(&[FileInput::new(name, &content)], File::create(&part)?, EncodeOptions::default())?;
    Ok(fs::rename(part, to)?)
}

/// Loads the model and embeds the first sentence. Returns the time that this took, and the embedding.
fn first_embedding(
    weights: &dyn Fn() -> Result<VarBuilder<'static>>,
    config: &Config,
    tokenizer: &Tokenizer,
) -> Result<(Duration, Tensor)> {
    let start = Instant::now();
    let model = BertModel::load(weights()?, config)?;
    let embedding = embed(&model, tokenizer, SENTENCES[0])?;
    Ok((start.elapsed(), embedding))
}

fn embed_all(weights: VarBuilder<'static>, config: &Config, tokenizer: &Tokenizer) -> Result<Vec<Tensor>> {
    let model = BertModel::load(weights, config)?;
    SENTENCES.iter().map(|sentence| embed(&model, tokenizer, sentence)).collect()
}

/// Returns the mean of the vectors of all tokens, with length 1.
fn embed(model: &BertModel, tokenizer: &Tokenizer, sentence: &str) -> Result<Tensor> {
    let encoding = tokenizer.encode(sentence, true)?;
    let tokens = Tensor::new(encoding.get_ids(), &Device::Cpu)?.unsqueeze(0)?;
    let vectors = model.forward(&tokens, &tokens.zeros_like()?, None)?;
    let mean = vectors.mean(1)?;
    let length = mean.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
    Ok(mean.broadcast_div(&length)?.squeeze(0)?)
}

fn bits(embedding: &Tensor) -> Result<Vec<u32>> {
    Ok(embedding.to_dtype(DType::F32)?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("{}: {error}: run benches/fetch_models.py first", path.display()).into())
}
