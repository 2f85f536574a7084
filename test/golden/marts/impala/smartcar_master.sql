CREATE EXTERNAL TABLE IF NOT EXISTS `smartcar_master` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `sex` STRING COMMENT 'sex of the owner, in Korean',
  `age` INT COMMENT 'age of the owner, years',
  `marriage` STRING COMMENT 'married or single, in Korean',
  `region` STRING COMMENT 'one of the 17 regions, in Korean',
  `job` STRING COMMENT 'occupation of the owner, in Korean, an open list',
  `car_capacity` INT COMMENT 'engine capacity, cc',
  `car_year` INT COMMENT 'model year',
  `car_model` STRING COMMENT 'A to H'
)
COMMENT 'every car and its owner, of several collected masters the newest row of a car counts'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'
STORED AS TEXTFILE
LOCATION '/pilot-pjt/collect/car-master';
