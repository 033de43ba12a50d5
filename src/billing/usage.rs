//! What is billed by use instead of by the hour: US dollars at list prices.
//!
//! Source: AWS list prices of us-east-1 and us-east-2; compiled 2026-11-22.

/// Glue ETL jobs, by the hour of a data processing unit.
const GLUE_DPU_HOUR: f64 = 0.44;

/// Athena, by the terabyte that a query reads.
const ATHENA_TERABYTE: f64 = 5.0;

/// What Athena bills at least for a query, in bytes.
const ATHENA_LEAST_BYTES: f64 = 10e6;

/// Returns the price of a job that used so many DPU-seconds.
pub fn glue_job_usd(dpu_seconds: f64) -> Option<f64> {
    (dpu_seconds > 0.0).then(|| dpu_seconds / 3600.0 * GLUE_DPU_HOUR)
}

/// Returns the price of a query that read so many bytes.
pub fn athena_usd(scanned_bytes: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a price in cents does not show it")]
    let bytes = (scanned_bytes as f64).max(ATHENA_LEAST_BYTES);
    Some(bytes / 1e12 * ATHENA_TERABYTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_amounts_are_billed() {
        assert!((glue_job_usd(120.0).unwrap() - 0.44 / 30.0).abs() < 1e-9);
        assert!((athena_usd(1).unwrap() - 0.00005).abs() < 1e-12);
        assert_eq!(glue_job_usd(0.0), None);
    }
}
