//! Frequencies from weights (section 10.3): the one routine that encoder and decoder share.

/// Returns the frequencies that these values give (section 10.3). They add up to 2^`precision`.
pub fn normalise(v: &[u64], precision: u8) -> Vec<u64> {
    let (m, whole) = (v.len() as u64, 1 << precision);
    let total: u64 = v.iter().sum();
    let e: Vec<u64> = v.iter().map(|v| (whole * v).saturating_sub(total)).collect();
    let ratio = ((whole - m) << 32).checked_div(e.iter().sum()).unwrap_or(0);
    let mut starts: Vec<u64> = Vec::new();
    let mut before = 0;
    for (k, e) in e.iter().enumerate() {
        starts.push(k as u64 + ((ratio * before) >> 32));
        before += e;
    }
    starts.push(whole);
    starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
