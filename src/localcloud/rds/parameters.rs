//! The MySQL parameters that the local RDS knows, with what RDS says of them.

use crate::localcloud::query::Xml;

/// A parameter of the family `mysql8.4`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    /// The name.
    pub(super) name: &'static str,
    /// What values are allowed: a range, a list, or nothing said.
    pub(super) allowed: &'static str,
    /// `integer`, `boolean`, `string` or `float`.
    pub(super) data_type: &'static str,
    /// Whether a change takes effect at once or at the next start.
    pub(super) apply: Apply,
    /// What RDS gives it; nothing if the engine decides.
    pub(super) default: Option<&'static str>,
    /// Whether a person may set it.
    pub(super) modifiable: bool,
}

/// When a changed parameter takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apply {
    /// At once, or at the next start if that is asked for.
    Dynamic,
    /// At the next start only.
    Static,
}

const fn integer(name: &'static str, allowed: &'static str, apply: Apply) -> Parameter {
    Parameter { name, allowed, data_type: "integer", apply, default: None, modifiable: true }
}

const fn boolean(name: &'static str, apply: Apply) -> Parameter {
    Parameter { name, allowed: "0,1", data_type: "boolean", apply, default: None, modifiable: true }
}

const fn text(name: &'static str, allowed: &'static str, apply: Apply) -> Parameter {
    Parameter { name, allowed, data_type: "string", apply, default: None, modifiable: true }
}

/// What RDS sets and nobody may change.
const fn fixed(name: &'static str, data_type: &'static str, value: &'static str) -> Parameter {
    Parameter { name, allowed: "", data_type, apply: Apply::Static, default: Some(value), modifiable: false }
}

/// Sorted by name. Source: the parameter group reference of RDS for MySQL 8.4 and the MySQL 8.4 manual.
pub(super) static PARAMETERS: &[Parameter] = &[
    integer("back_log", "1-65535", Apply::Static),
    fixed("basedir", "string", "/rdsdbbin/mysql"),
    integer("binlog_cache_size", "4096-18446744073709547520", Apply::Dynamic),
    text("binlog_format", "ROW,STATEMENT,MIXED", Apply::Dynamic),
    text("character_set_client", "utf8mb4,utf8mb3,latin1,binary,ascii", Apply::Dynamic),
    text("character_set_connection", "utf8mb4,utf8mb3,latin1,binary,ascii", Apply::Dynamic),
    text("character_set_database", "utf8mb4,utf8mb3,latin1,binary,ascii", Apply::Dynamic),
    text("character_set_results", "utf8mb4,utf8mb3,latin1,binary,ascii", Apply::Dynamic),
    text("character_set_server", "utf8mb4,utf8mb3,latin1,binary,ascii", Apply::Dynamic),
    text("collation_connection", "", Apply::Dynamic),
    text("collation_server", "", Apply::Dynamic),
    integer("connect_timeout", "2-31536000", Apply::Dynamic),
    fixed("datadir", "string", "/rdsdbdata/db/"),
    boolean("event_scheduler", Apply::Dynamic),
    boolean("explicit_defaults_for_timestamp", Apply::Dynamic),
    boolean("general_log", Apply::Dynamic),
    integer("group_concat_max_len", "4-18446744073709547520", Apply::Dynamic),
    text("init_connect", "", Apply::Dynamic),
    integer("innodb_buffer_pool_instances", "1-64", Apply::Static),
    integer("innodb_buffer_pool_size", "5242880-9223372036854775807", Apply::Dynamic),
    boolean("innodb_dedicated_server", Apply::Static),
    boolean("innodb_file_per_table", Apply::Dynamic),
    integer("innodb_flush_log_at_trx_commit", "0-2", Apply::Dynamic),
    integer("innodb_io_capacity", "100-18446744073709547520", Apply::Dynamic),
    integer("innodb_lock_wait_timeout", "1-1073741824", Apply::Dynamic),
    integer("innodb_log_buffer_size", "262144-4294967295", Apply::Dynamic),
    integer("innodb_log_file_size", "4194304-273804165120", Apply::Static),
    boolean("innodb_print_all_deadlocks", Apply::Dynamic),
    integer("innodb_redo_log_capacity", "8388608-137438953472", Apply::Dynamic),
    boolean("innodb_strict_mode", Apply::Dynamic),
    integer("interactive_timeout", "1-31536000", Apply::Dynamic),
    integer("join_buffer_size", "128-18446744073709547520", Apply::Dynamic),
    boolean("local_infile", Apply::Dynamic),
    boolean("log_bin_trust_function_creators", Apply::Dynamic),
    text("log_output", "TABLE,FILE,NONE", Apply::Dynamic),
    boolean("log_queries_not_using_indexes", Apply::Dynamic),
    Parameter {
        name: "long_query_time",
        allowed: "0-31536000",
        data_type: "float",
        apply: Apply::Dynamic,
        default: None,
        modifiable: true,
    },
    integer("lower_case_table_names", "0-1", Apply::Static),
    integer("max_allowed_packet", "1024-1073741824", Apply::Dynamic),
    integer("max_connect_errors", "1-9223372036854775807", Apply::Dynamic),
    Parameter {
        name: "max_connections",
        allowed: "1-100000",
        data_type: "integer",
        apply: Apply::Dynamic,
        default: Some("{DBInstanceClassMemory/12582880}"),
        modifiable: true,
    },
    integer("max_execution_time", "0-18446744073709551615", Apply::Dynamic),
    integer("max_heap_table_size", "16384-1844674407370954752", Apply::Dynamic),
    integer("net_buffer_length", "1024-1048576", Apply::Dynamic),
    integer("net_read_timeout", "1-31536000", Apply::Dynamic),
    integer("net_write_timeout", "1-31536000", Apply::Dynamic),
    boolean("performance_schema", Apply::Static),
    fixed("port", "integer", "{EndPointPort}"),
    boolean("require_secure_transport", Apply::Dynamic),
    boolean("skip_name_resolve", Apply::Static),
    boolean("slow_query_log", Apply::Dynamic),
    fixed("socket", "string", "/tmp/mysql.sock"),
    integer("sort_buffer_size", "32768-18446744073709551615", Apply::Dynamic),
    text("sql_mode", "", Apply::Dynamic),
    integer("table_open_cache", "1-524288", Apply::Dynamic),
    integer("thread_cache_size", "0-16384", Apply::Dynamic),
    text("time_zone", "", Apply::Dynamic),
    integer("tmp_table_size", "1024-18446744073709551615", Apply::Dynamic),
    text("transaction_isolation", "READ-UNCOMMITTED,READ-COMMITTED,REPEATABLE-READ,SERIALIZABLE", Apply::Dynamic),
    integer("wait_timeout", "1-31536000", Apply::Dynamic),
];

/// Finds a parameter.
pub(super) fn find(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}

impl Parameter {
    /// Says why a value is not allowed, if it is not.
    pub(super) fn refuses(&self, value: &str) -> bool {
        if value.is_empty() || value.starts_with('{') || self.allowed.is_empty() {
            return false;
        }
        match self.data_type {
            "integer" | "float" => !self.in_range(value),
            _ => !self.allowed.split(',').any(|allowed| allowed.eq_ignore_ascii_case(value)),
        }
    }

    fn in_range(&self, value: &str) -> bool {
        let Some((least, most)) = self.allowed.split_once('-') else { return true };
        if self.data_type == "float" {
            let parsed = (value.parse::<f64>(), least.parse::<f64>(), most.parse::<f64>());
            return matches!(parsed, (Ok(value), Ok(least), Ok(most)) if value >= least && value <= most);
        }
        let parsed = (value.parse::<u128>(), least.parse::<u128>(), most.parse::<u128>());
        matches!(parsed, (Ok(value), Ok(least), Ok(most)) if value >= least && value <= most)
    }

    /// Writes the parameter with what a person set, if anything.
    pub(super) fn write(&self, xml: &mut Xml, set: Option<&(String, String)>) {
        let method = if self.apply == Apply::Static { "pending-reboot" } else { "immediate" };
        let (value, method) = match set {
            Some((value, method)) => (Some(value.as_str()), method.as_str()),
            None => (self.default, method),
        };
        let source = match (set, self.default) {
            (Some(_), _) => "user",
            (None, Some(_)) => "system",
            (None, None) => "engine-default",
        };
        xml.text("ParameterName", self.name)
            .maybe("ParameterValue", value)
            .text("Source", source)
            .text("ApplyType", if self.apply == Apply::Static { "static" } else { "dynamic" })
            .text("DataType", self.data_type)
            .maybe("AllowedValues", Some(self.allowed).filter(|allowed| !allowed.is_empty()))
            .text("IsModifiable", self.modifiable)
            .text("ApplyMethod", if set.is_some() { method } else { "pending-reboot" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_no_doubles() {
        assert!(PARAMETERS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let refuses = |name: &str, value: &str| find(name).unwrap().refuses(value);
        assert!(!refuses("max_allowed_packet", "1073741824"));
        assert!(refuses("max_allowed_packet", "1073741825"));
        assert!(refuses("local_infile", "yes"));
        assert!(!refuses("innodb_buffer_pool_size", "{DBInstanceClassMemory*3/4}"));
        assert!(!refuses("long_query_time", "0.5"));
    }
}
