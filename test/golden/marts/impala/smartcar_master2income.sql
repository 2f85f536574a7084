CREATE EXTERNAL TABLE IF NOT EXISTS `smartcar_master2income` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `sex` STRING COMMENT 'sex of the owner, in Korean',
  `age` INT COMMENT 'age of the owner, years',
  `marriage` STRING COMMENT 'married or single, in Korean',
  `region` STRING COMMENT 'one of the 17 regions, in Korean',
  `job` STRING COMMENT 'occupation of the owner, in Korean, an open list',
  `car_capacity` INT COMMENT 'engine capacity, cc',
  `car_year` INT COMMENT 'model year',
  `car_model` STRING COMMENT 'A to H',
  `income` INT COMMENT 'income of the owner'
)
COMMENT 'cars with the income of their owner, for the regression, empty unless such a file is in the site folder'
ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'
STORED AS TEXTFILE
LOCATION '/pilot-pjt/collect/car-master2income'
TBLPROPERTIES ('skip.header.line.count' = '1');
