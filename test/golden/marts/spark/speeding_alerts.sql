CREATE EXTERNAL TABLE IF NOT EXISTS `speeding_alerts` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `window_start` STRING COMMENT 'start of the window, yyyyMMddHHmmss',
  `window_end` STRING COMMENT 'end of the window, not included',
  `avg_speed` DOUBLE COMMENT 'average speed in the window, km/h',
  `rows` INT COMMENT 'rows of the car in the window',
  `member` STRING COMMENT 'name of the alert in Redis: the car, a hyphen, the time of the last row'
)
COMMENT 'windows of 30 seconds in which a car was faster than 80 km/h on average, found by smartcar stream run'
PARTITIONED BY (`day` STRING COMMENT 'day of the window, yyyyMMdd')
ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
STORED AS TEXTFILE
LOCATION '/pilot-pjt/collect/speeding-alerts';

ALTER TABLE `speeding_alerts` ADD IF NOT EXISTS PARTITION (`day` = '${day}');
