-- The warehouse table. Safe to repeat. VARCHAR lengths are bytes: four per character of MySQL.
-- Everything is read by month, quarter or season, so rows are sorted by date.
CREATE TABLE IF NOT EXISTS sales (
  load_id      BIGINT        NOT NULL ENCODE az64,
  line_number  BIGINT        NOT NULL ENCODE az64,
  invoice_no   VARCHAR(80)   NOT NULL ENCODE lzo,
  stock_code   VARCHAR(128)  NOT NULL ENCODE lzo DISTKEY,
  description  VARCHAR(2048)          ENCODE lzo,
  quantity     INTEGER       NOT NULL ENCODE az64,
  invoice_date TIMESTAMP     NOT NULL ENCODE raw SORTKEY,
  unit_price   DECIMAL(18,4) NOT NULL ENCODE az64,
  customer_id  INTEGER                ENCODE az64,
  country      VARCHAR(400)  NOT NULL ENCODE bytedict,
  revenue      DECIMAL(29,4) NOT NULL ENCODE az64,
  product      VARCHAR(2048)          ENCODE lzo,
  is_cancelled BOOLEAN       NOT NULL ENCODE zstd,
  day_name     VARCHAR(9)    NOT NULL ENCODE bytedict,
  month_name   VARCHAR(9)    NOT NULL ENCODE bytedict,
  month        SMALLINT      NOT NULL ENCODE az64,
  quarter      SMALLINT      NOT NULL ENCODE az64,
  week         SMALLINT      NOT NULL ENCODE az64,
  season       VARCHAR(6)    NOT NULL ENCODE bytedict,
  year         SMALLINT      NOT NULL ENCODE az64
);
