CREATE EXTERNAL TABLE IF NOT EXISTS `smartcar_item_buylist` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `item` STRING COMMENT 'Item-001 to Item-030',
  `score` INT COMMENT 'rating, 1 to 5',
  `month` STRING COMMENT 'month of the purchase, yyyyMM'
)
COMMENT 'purchases, as collected, one month may come in several files'
ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
STORED AS TEXTFILE
LOCATION '/pilot-pjt/collect/buy-list';
