//! Reads rows of one tensor of a model on a server: only their bytes travel.
//!
//! `cargo run -p tersor-remote --example rows -- https://example.org/model.tersor embedding 101 7592 102`

use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("give a URL, the name of a tensor, and numbers of rows".into());
    };
    let rows: Vec<u64> = arguments.map(|row| row.parse()).collect::<Result<_, _>>()?;
    let start = Instant::now();
    let reader = tersor_remote::open(&url)?;
    let tensor = reader.tensor(&name).ok_or("no tensor has this name")?;
    println!("{name}: {} {:?}, after {:.0?}", tensor.dtype(), tensor.shape(), start.elapsed());
    let selected = tensor.select_rows(rows.iter().copied())?;
    let values = selected.decode_as::<f32>()?;
    let row_len = values.len().checked_div(rows.len()).unwrap_or(0).max(1);
    for (row, values) in rows.iter().zip(values.chunks(row_len)) {
        println!("row {row} begins with {:?}", &values[..values.len().min(4)]);
    }
    println!("after {:.0?}", start.elapsed());
    Ok(())
}
