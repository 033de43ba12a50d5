//! The prices of one region on one day: the table of the repository, with what the person has fetched laid over it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::cache::{Cache, Fetched};
use super::error::BillingError;
use super::list;
use super::price::Price;
use crate::aws::Target;
use crate::kinds::{MysqlSupport, mysql_support};
use crate::model::BilledItem;

/// What begins the name of the surcharge for a version of MySQL; its price depends on the day.
const EXTENDED_SUPPORT: &str = "rds:extended-support:mysql";

/// Prices of one region. What is not among them has no known price, which is something else than none.
#[derive(Debug, Clone)]
pub struct Prices {
    region: String,
    today: Date,
    prices: Vec<Price>,
    fetched: Option<Timestamp>,
}

impl Prices {
    /// Returns the prices of a region: those of the table, and in their place what `stack prices update` has fetched.
    ///
    /// # Errors
    /// If the file with what was fetched is there and cannot be used.
    pub fn of(target: &Target, cache: &Cache) -> Result<Self, BillingError> {
        let mut prices = Self::of_table(&target.region);
        if let Some(fetched) = cache.read(target)? {
            prices.lay_over(&fetched);
        }
        Ok(prices)
    }

    /// Returns the prices of a region as the table of the repository knows them.
    pub fn of_table(region: &str) -> Self {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        Self { region: region.to_owned(), today, prices: list::of_region(region), fetched: None }
    }

    /// Returns them for another day than this computer's: what is out of support costs more.
    #[must_use]
    pub fn on(self, today: civil::Date) -> Self {
        Self { today, ..self }
    }

    /// Puts fetched prices in the place of those of the table.
    pub(super) fn lay_over(&mut self, fetched: &Fetched) {
        let date = fetched.at.to_zoned(TimeZone::UTC).date();
        for one in &fetched.prices {
            let price = Price {
                sku: one.sku.clone(),
                item: one.item.clone(),
                unit: one.unit,
                usd: one.usd,
                source: fetched.source.clone(),
                date,
                is_verified: true,
                is_fetched: true,
            };
            match self.prices.iter_mut().find(|known| known.sku == price.sku) {
                Some(known) => *known = price,
                None => self.prices.push(price),
            }
        }
        self.fetched = Some(fetched.at);
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns when some of them were fetched; `None` if all are the table's.
    pub fn fetched(&self) -> Option<Timestamp> {
        self.fetched
    }

    /// Returns all of them, those of the table first.
    pub fn all(&self) -> &[Price] {
        &self.prices
    }

    /// Returns the price of an item; `None` if it is not known.
    pub fn get(&self, sku: &str) -> Option<&Price> {
        self.prices.iter().find(|price| price.sku == sku)
    }

    /// Returns US dollars for one unit of an item, or `None` if its price is not known.
    pub fn usd(&self, sku: &str) -> Option<f64> {
        self.get(sku).map(|price| price.usd)
    }

    /// Returns US dollars an hour for one unit of an item, or `None` if its price is not known.
    pub fn usd_per_hour(&self, sku: &str) -> Option<f64> {
        let Some(version) = sku.strip_prefix(EXTENDED_SUPPORT) else {
            return self.get(sku).and_then(Price::usd_per_hour);
        };
        let surcharge = match mysql_support(version, self.today)? {
            MysqlSupport::Standard => return Some(0.0),
            MysqlSupport::ExtendedYears1And2 => "rds:extended-support-years-1-2",
            MysqlSupport::ExtendedYear3 => "rds:extended-support-year-3",
        };
        self.get(surcharge).and_then(Price::usd_per_hour)
    }

    /// Returns what an item is called for people.
    pub fn name(&self, sku: &str) -> String {
        if let Some(version) = sku.strip_prefix(EXTENDED_SUPPORT) {
            return format!("RDS Extended Support for MySQL {version}");
        }
        let known = self.get(sku).map(|price| price.item.clone());
        known.or_else(|| list::item(sku).map(|(item, _)| item.to_owned())).unwrap_or_else(|| sku.to_owned())
    }

    /// Returns US dollars an hour of a billed item, or `None` if its price is not known. None of it costs nothing.
    pub fn of_item(&self, item: &BilledItem) -> Option<f64> {
        if item.units == 0 {
            return Some(0.0);
        }
        self.usd_per_hour(&item.sku).map(|usd| usd * f64::from(item.units))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_table_holds_no_price_twice_and_none_that_is_no_number() {
        let prices = Prices::of_table("us-east-2");
        assert!(prices.all().len() >= 30);
        for price in prices.all() {
            assert_eq!(prices.all().iter().filter(|other| other.sku == price.sku).count(), 1, "{}", price.sku);
            assert!(price.usd.is_finite() && price.usd >= 0.0, "{}", price.sku);
            assert!(!price.is_verified, "nothing was checked against the list of us-east-2: {}", price.sku);
        }
        assert!(Prices::of_table("us-east-1").get("rds:db.t4g.micro").is_some_and(|price| price.is_verified));
    }

    #[test]
    fn a_region_that_is_not_in_the_table_has_unknown_prices() {
        let prices = Prices::of_table("eu-central-1");
        assert_eq!(prices.usd_per_hour("rds:db.t4g.micro"), None);
        assert_eq!(prices.of_item(&BilledItem::always("secretsmanager:secret", 1)), None);
        assert_eq!(prices.name("rds:db.t4g.micro"), "RDS MySQL db.t4g.micro");
    }

    #[test]
    fn extended_support_is_billed_from_the_day_after_the_end_and_doubles_in_its_third_year() {
        let on = |version: &str, day| {
            let sku = format!("rds:extended-support:mysql{version}");
            Prices::of_table("us-east-1").on(day).of_item(&BilledItem::while_running(sku, 2))
        };
        assert_eq!(on("8.0", date(2026, 7, 31)), Some(0.0));
        assert_eq!(on("8.0", date(2026, 8, 1)), Some(0.2));
        assert_eq!(on("8.0", date(2028, 7, 31)), Some(0.2));
        assert_eq!(on("8.0", date(2028, 8, 1)), Some(0.4));
        assert_eq!(on("5.7", date(2026, 3, 1)), Some(0.4));
        assert_eq!(on("8.4", date(2026, 11, 22)), Some(0.0));
        assert_eq!(on("12.0", date(2026, 11, 22)), None);
    }

    #[test]
    fn monthly_prices_become_hourly_ones() {
        let prices = Prices::of_table("us-east-2");
        let gib = prices.of_item(&BilledItem::always("rds:gp3-gib", 20)).unwrap();
        assert!((gib - 20.0 * 0.115 / 730.0).abs() < 1e-12);
        assert_eq!(prices.usd_per_hour("athena:terabyte"), None);
    }
}
