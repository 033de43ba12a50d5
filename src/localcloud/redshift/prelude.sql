-- What Redshift has and PostgreSQL has not. Runs in `template1` as the superuser; safe to repeat.
-- In `pg_catalog`, so that no search path hides it and no crawler takes it for a person's.
SET allow_system_table_mods = on;

CREATE OR REPLACE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT (now() AT TIME ZONE 'UTC')::timestamp(0) $$;

CREATE OR REPLACE FUNCTION pg_catalog.len(text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.length($1) $$;

CREATE OR REPLACE FUNCTION pg_catalog.charindex(text, text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.strpos($2, $1) $$;

CREATE OR REPLACE FUNCTION pg_catalog.strtol_digits(number text, base integer) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    text_left text := pg_catalog.lower(pg_catalog.btrim(number));
    sign bigint := 1;
    total bigint := 0;
    digit integer;
BEGIN
    IF base < 2 OR base > 36 THEN
        RAISE EXCEPTION 'The base of STRTOL must be between 2 and 36, not %', base;
    END IF;
    IF pg_catalog.left(text_left, 1) = '-' THEN
        sign := -1;
        text_left := pg_catalog.substr(text_left, 2);
    END IF;
    IF base = 16 AND pg_catalog.left(text_left, 2) = '0x' THEN
        text_left := pg_catalog.substr(text_left, 3);
    END IF;
    FOR place IN 1 .. pg_catalog.length(text_left) LOOP
        digit := pg_catalog.strpos('0123456789abcdefghijklmnopqrstuvwxyz', pg_catalog.substr(text_left, place, 1)) - 1;
        IF digit < 0 OR digit >= base THEN
            RAISE EXCEPTION 'The input % is not valid to be converted to base %', number, base;
        END IF;
        total := total * base + digit;
    END LOOP;
    RETURN sign * total;
END $$;

-- Inlined by the planner, so that a fingerprint over a whole table costs one cast a value and not one call. Hexadecimal
-- digits are read without a sign; too many of them are out of range.
CREATE OR REPLACE FUNCTION pg_catalog.strtol(text, integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN $2 = 16
        THEN pg_catalog.int8(('x' || pg_catalog.ltrim($1, '0x'))::varbit)
        ELSE pg_catalog.strtol_digits($1, $2) END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.date_unit(part text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE
        WHEN unit IN ('millennium', 'millennia', 'mil', 'mils') THEN 'millennium'
        WHEN unit IN ('century', 'centuries', 'c', 'cent', 'cents') THEN 'century'
        WHEN unit IN ('decade', 'decades', 'dec', 'decs') THEN 'decade'
        WHEN unit IN ('year', 'years', 'y', 'yr', 'yrs') THEN 'year'
        WHEN unit IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN 'quarter'
        WHEN unit IN ('month', 'months', 'mon', 'mons', 'mm') THEN 'month'
        WHEN unit IN ('week', 'weeks', 'w') THEN 'week'
        WHEN unit IN ('day', 'days', 'd') THEN 'day'
        WHEN unit IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN 'hour'
        WHEN unit IN ('minute', 'minutes', 'm', 'min', 'mins', 'n') THEN 'minute'
        WHEN unit IN ('second', 'seconds', 's', 'sec', 'secs') THEN 'second'
        WHEN unit IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs') THEN 'millisecond'
        WHEN unit IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs') THEN 'microsecond'
        ELSE unit END
    FROM (SELECT pg_catalog.lower($1) AS unit) AS named
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dateadd(part text, number bigint, start timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE pg_catalog.date_unit($1)
        WHEN 'quarter' THEN $3 + ($2 * 3) * interval '1 month'
        ELSE $3 + $2 * ('1 ' || pg_catalog.date_unit($1))::interval END
$$;

-- Counts the boundaries that lie between, as Redshift does, and not whole periods.
CREATE OR REPLACE FUNCTION pg_catalog.datediff(part text, first timestamp, last timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE pg_catalog.date_unit($1)
        WHEN 'year' THEN extract(year FROM $3) - extract(year FROM $2)
        WHEN 'quarter' THEN (extract(year FROM $3) - extract(year FROM $2)) * 4
            + extract(quarter FROM $3) - extract(quarter FROM $2)
        WHEN 'month' THEN (extract(year FROM $3) - extract(year FROM $2)) * 12
            + extract(month FROM $3) - extract(month FROM $2)
        WHEN 'week' THEN (date_trunc('week', $3 + interval '1 day')::date
            - date_trunc('week', $2 + interval '1 day')::date) / 7
        WHEN 'day' THEN $3::date - $2::date
        WHEN 'hour' THEN extract(epoch FROM date_trunc('hour', $3) - date_trunc('hour', $2)) / 3600
        WHEN 'minute' THEN extract(epoch FROM date_trunc('minute', $3) - date_trunc('minute', $2)) / 60
        WHEN 'second' THEN extract(epoch FROM date_trunc('second', $3) - date_trunc('second', $2))
        WHEN 'millisecond' THEN trunc(extract(epoch FROM $3) * 1000) - trunc(extract(epoch FROM $2) * 1000)
        WHEN 'microsecond' THEN extract(epoch FROM $3 - $2) * 1000000
    END::bigint
$$;

CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(part text, day date) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.date_trunc($1, $2::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_catalog.trunc(moment timestamp) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT $1::date $$;

CREATE OR REPLACE FUNCTION pg_catalog.last_day(day date) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT (pg_catalog.date_trunc('month', $1::timestamp) + interval '1 month' - interval '1 day')::date $$;

CREATE OR REPLACE FUNCTION pg_catalog.last_day(moment timestamp) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.last_day($1::date) $$;

-- The last day of a month stays the last day.
CREATE OR REPLACE FUNCTION pg_catalog.add_months(moment timestamp, number bigint) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN $1::date = pg_catalog.last_day($1::date)
        THEN pg_catalog.last_day(($1 + $2 * interval '1 month')::date) + $1::time
        ELSE $1 + $2 * interval '1 month' END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(source text, target text, moment timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT ($3 AT TIME ZONE $1) AT TIME ZONE $2 $$;

CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(target text, moment timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT ($2 AT TIME ZONE 'UTC') AT TIME ZONE $1 $$;

CREATE OR REPLACE FUNCTION pg_catalog.round(number double precision, digits integer) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.round($1::numeric, $2)::double precision $$;

CREATE OR REPLACE FUNCTION pg_catalog.sha2(value text, bits integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT pg_catalog.encode(CASE $2
        WHEN 224 THEN pg_catalog.sha224(pg_catalog.convert_to($1, 'UTF8'))
        WHEN 384 THEN pg_catalog.sha384(pg_catalog.convert_to($1, 'UTF8'))
        WHEN 512 THEN pg_catalog.sha512(pg_catalog.convert_to($1, 'UTF8'))
        ELSE pg_catalog.sha256(pg_catalog.convert_to($1, 'UTF8')) END, 'hex')
$$;

CREATE TABLE IF NOT EXISTS pg_catalog.sys_load_error_detail (
    user_id integer,
    query_id bigint,
    table_id integer,
    start_time timestamp,
    file_name varchar(256),
    line_number bigint,
    column_name varchar(127),
    column_type varchar(64),
    column_length varchar(64),
    error_code integer,
    error_message varchar(512)
);
GRANT SELECT ON pg_catalog.sys_load_error_detail TO PUBLIC;
