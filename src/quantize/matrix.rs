//! A tensor as a matrix, and the scale of each row and column. Rows and columns of weights differ in scale, and the
//! encoder picks frequency tables by these scales; so does the cost of the quantiser.

use super::importance::Weighting;

/// Units of scales: parts of an octave.
pub(super) const PARTS: i32 = 16;
/// Number of classes of local scales, half an octave each.
pub(super) const CLASSES: usize = 48;
/// The scale of a row or a column of zeros.
const LEAST_SCALE: i16 = -64 * PARTS as i16;

/// The values of a tensor, or of some of its rows.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    pub(crate) values: Vec<f32>,
    pub(crate) columns: usize,
    /// The scale of each row, as the logarithm of its root mean square, relative to that of the tensor.
    pub(super) row_scales: Vec<i16>,
    pub(super) column_scales: Vec<i16>,
    pub(crate) weighting: Weighting,
    /// The values that pruning keeps; `None` if it keeps all.
    pub(crate) kept: Option<Vec<bool>>,
}

/// Returns the number of columns of the matrix that a tensor is read as: the axes are split where the shorter side of
/// the matrix is the longest.
pub(crate) fn columns_of(shape: &[u64]) -> usize {
    let split = |depth: usize| {
        let rows: u64 = shape[..depth].iter().product();
        let columns: u64 = shape[depth..].iter().product();
        (rows.min(columns), columns)
    };
    // of equal splits the first one counts
    let best = (1..shape.len()).map(split).reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map_or_else(|| shape.iter().product(), |(_, columns)| columns).max(1) as usize
}

impl Matrix {
    /// Makes a matrix of the values of a tensor. The values must be finite.
    pub(crate) fn new(values: Vec<f32>, columns: usize) -> Self {
        let rows = values.len() / columns;
        let mean = |sum: f64, count: usize| sum / count.max(1) as f64;
        let mut row_sums = vec![0.0f64; rows];
        for (row, sum) in values.chunks_exact(columns).zip(&mut row_sums) {
            *sum = row.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
        }
        let energy = mean(row_sums.iter().sum(), values.len());
        // columns relative to their rows
        let mut column_sums = vec![0.0f64; columns];
        for (row, sum) in values.chunks_exact(columns).zip(&row_sums) {
            let own = mean(*sum, columns);
            if own > 0.0 {
                row.iter().zip(&mut column_sums).for_each(|(&value, sum)| {
                    *sum += f64::from(value) * f64::from(value) / own;
                });
            }
        }
        // a prior of a few values keeps the scales of short rows and columns near those of the tensor
        let scale = |sum: f64, count: usize, all: f64| logarithm((sum + 4.0 * all) / (count as f64 + 4.0) / all);
        let row_scales = row_sums.iter().map(|&sum| scale(sum, columns, energy)).collect();
        let column_scales = column_sums.iter().map(|&sum| scale(sum, rows, 1.0)).collect();
        Self { values, columns, row_scales, column_scales, weighting: Weighting::Even, kept: None }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Returns the matrix of about `most` values, of rows that are spread evenly. Their classes stay those of the whole.
    pub(crate) fn sample(&self, most: usize) -> Self {
        let count = (most / self.columns).clamp(1, self.rows().max(1));
        let picked: Vec<usize> = (0..count).map(|number| number * self.rows() / count).collect();
        let range = |row: usize| row * self.columns..(row + 1) * self.columns;
        Self {
            values: picked.iter().flat_map(|&row| self.values[range(row)].iter().copied()).collect(),
            columns: self.columns,
            row_scales: picked.iter().map(|&row| self.row_scales[row]).collect(),
            column_scales: self.column_scales.clone(),
            weighting: self.weighting.of_rows(&picked, self.columns),
            kept: self
                .kept
                .as_ref()
                .map(|kept| picked.iter().flat_map(|&row| kept[range(row)].iter().copied()).collect()),
        }
    }

    /// Returns the class of a value whose row and column have these scales.
    #[inline(always)]
    pub(super) fn class(row: i32, column: i32) -> usize {
        let half_octaves = (row + column + PARTS / 4) >> 3;
        (half_octaves + CLASSES as i32 * 2 / 3).clamp(0, CLASSES as i32 - 1) as usize
    }
}

/// Returns half the binary logarithm, in parts of an octave: the logarithm of a scale from the ratio of two energies.
pub(super) fn logarithm(ratio: f64) -> i16 {
    if ratio.is_nan() || ratio <= 0.0 {
        return LEAST_SCALE;
    }
    let parts = libm::round(libm::log2(ratio) * 0.5 * f64::from(PARTS));
    parts.clamp(f64::from(LEAST_SCALE), f64::from(-LEAST_SCALE)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_are_split_where_the_short_side_is_long() {
        assert_eq!(columns_of(&[64, 32]), 32);
        assert_eq!(columns_of(&[128, 64, 3, 3]), 576);
        assert_eq!(columns_of(&[3, 3, 64, 128]), 128);
        assert_eq!(columns_of(&[100]), 100);
        assert_eq!(columns_of(&[]), 1);
    }

    #[test]
    fn scales_are_logarithms() {
        let values: Vec<f32> = (0..64 * 64).map(|i| if i / 64 < 32 { 1.0 } else { 4.0 }).collect();
        let matrix = Matrix::new(values, 64);
        let octaves = i32::from(matrix.row_scales[63] - matrix.row_scales[0]);
        assert!((octaves - 2 * PARTS).abs() <= PARTS / 2, "{octaves}");
        assert!(matrix.column_scales.iter().all(|scale| scale.abs() <= 1));
        assert_eq!(matrix.sample(640).rows(), 10);
    }
}
