-- Tables of the MySQL stage. Safe to repeat; the database itself is created by the tool.
--
-- The collation must tell apart codes that differ only in case ('85123A', '85123a') and texts
-- that differ only in trailing spaces. utf8mb4_bin does the first but pads, so 'A ' = 'A' in
-- comparisons, GROUP BY and COUNT(DISTINCT). The comments below are code: MySQL 8 reads the
-- first one, MariaDB the second, and each gets its own byte-by-byte collation without padding.
-- Whoever sends this file must therefore not strip comments.

CREATE TABLE IF NOT EXISTS Load_Log (
  LoadId       BIGINT NOT NULL AUTO_INCREMENT,
  Bucket       VARCHAR(63) NOT NULL,
  ObjectKey    VARCHAR(1024) NOT NULL,
  VersionId    VARCHAR(1024) NOT NULL COMMENT 'S3 version id, or etag:... in a bucket without versions',
  -- bucket, key and version together are too long for an index, so their hash is the unique key
  ObjectHash   BINARY(32) AS (UNHEX(SHA2(CONCAT(Bucket, '/', ObjectKey, '?', VersionId), 256))) STORED,
  Sequencer    VARCHAR(64) NOT NULL DEFAULT '',
  State        ENUM('running', 'loaded', 'failed', 'superseded') NOT NULL,
  RowsIn       BIGINT NOT NULL DEFAULT 0,
  RowsLoaded   BIGINT NOT NULL DEFAULT 0,
  RowsRejected BIGINT NOT NULL DEFAULT 0,
  RejectsUri   VARCHAR(2048) NULL,
  Reason       VARCHAR(2048) NULL,
  StartedAt    DATETIME(3) NOT NULL COMMENT 'UTC',
  FinishedAt   DATETIME(3) NULL COMMENT 'UTC',
  PRIMARY KEY (LoadId),
  UNIQUE KEY one_row_per_object (ObjectHash),
  KEY by_key (Bucket, ObjectKey(255)),
  KEY by_state (State)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4
  COLLATE = /*!80000 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS Uk_Ecommerce_Data (
  LoadId      BIGINT NOT NULL COMMENT 'Load_Log.LoadId',
  LineNumber  BIGINT NOT NULL COMMENT 'line of the file where the record starts; the header is line 1',
  InvoiceNo   VARCHAR(20) NOT NULL,
  StockCode   VARCHAR(32) NOT NULL,
  Description VARCHAR(512) NOT NULL DEFAULT '',
  Quantity    INT NOT NULL,
  InvoiceDate DATETIME NOT NULL,
  UnitPrice   DECIMAL(18,4) NOT NULL,
  CustomerID  INT NULL,
  Country     VARCHAR(100) NOT NULL,
  PRIMARY KEY (LoadId, LineNumber)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4
  COLLATE = /*!80000 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */;
