//! What is billed by use instead of by the hour.

use super::Prices;

/// What Athena bills at least for a query, in bytes.
const ATHENA_LEAST_BYTES: u64 = 10_000_000;

/// What a Spark job is billed for at least, in seconds.
pub const JOB_LEAST_SECONDS: f64 = 60.0;

/// What a crawl is billed for at least, in seconds. It has been so for years; no page was read that says it still is.
pub const CRAWL_LEAST_SECONDS: f64 = 600.0;

/// How many data processing units a crawl uses: AWS's own example says two, and no call tells beforehand.
const CRAWL_DPUS: f64 = 2.0;

impl Prices {
    /// Returns the price of a job that used so many DPU-seconds, in US dollars.
    pub fn glue_job_usd(&self, dpu_seconds: f64) -> Option<f64> {
        let price = self.usd("glue:dpu-hour")?;
        (dpu_seconds > 0.0).then(|| dpu_seconds / 3600.0 * price)
    }

    /// Returns the price of a run of a job on so many data processing units, in US dollars.
    pub fn glue_run_usd(&self, dpus: f64, seconds: f64) -> Option<f64> {
        self.glue_job_usd(dpus * seconds.max(JOB_LEAST_SECONDS))
    }

    /// Returns the price of a crawl, in US dollars: what a crawl uses is an assumption.
    pub fn crawl_usd(&self, seconds: f64) -> Option<f64> {
        self.glue_job_usd(CRAWL_DPUS * seconds.max(CRAWL_LEAST_SECONDS))
    }

    /// Returns the price of a query that read so many bytes, in US dollars.
    pub fn athena_usd(&self, scanned_bytes: u64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a price in cents does not show it")]
        let bytes = scanned_bytes.max(ATHENA_LEAST_BYTES) as f64;
        Some(bytes / 1e12 * self.usd("athena:terabyte")?)
    }

    /// Returns what an invocation of a function costs in US dollars, the request itself among it.
    ///
    /// Whether an account still has its free share is not known, so it is not taken off.
    pub fn lambda_usd(&self, architecture: &str, memory_mib: i32, billed_seconds: f64) -> Option<f64> {
        let gib_second = self.usd(&format!("lambda:{architecture}-gib-second"))?;
        let request = self.usd("lambda:request")?;
        Some(f64::from(memory_mib) / 1_024.0 * billed_seconds * gib_second + request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(price: Option<f64>, expected: f64) -> bool {
        price.is_some_and(|price| (price - expected).abs() < 1e-12)
    }

    #[test]
    fn least_amounts_are_billed() {
        let prices = Prices::of_table("us-east-2");
        assert!(near(prices.glue_job_usd(120.0), 0.44 / 30.0));
        assert_eq!(prices.glue_job_usd(0.0), None);
        assert!(near(prices.glue_run_usd(2.0, 1.0), 0.44 / 30.0));
        assert!(near(prices.glue_run_usd(2.0, 90.0), 0.44 / 20.0));
        assert!(near(prices.crawl_usd(30.0), 0.44 / 3.0));
        assert!(near(prices.crawl_usd(1_200.0), 0.44 * 2.0 / 3.0));
        assert!(near(prices.athena_usd(1), 0.000_05));
        assert!(near(prices.athena_usd(20_000_000), 0.000_1));
    }

    #[test]
    fn an_invocation_costs_its_memory_its_time_and_itself() {
        let prices = Prices::of_table("us-east-2");
        assert!(near(prices.lambda_usd("x86_64", 512, 10.0), 5.0 * 0.000_016_666_7 + 0.000_000_2));
        assert!(near(prices.lambda_usd("arm64", 1_024, 0.0), 0.000_000_2));
        assert_eq!(prices.lambda_usd("riscv", 512, 10.0), None);
        assert_eq!(Prices::of_table("eu-west-1").lambda_usd("x86_64", 512, 10.0), None);
    }
}
