CREATE OR REPLACE VIEW "smartcar_master_over18" AS
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model
FROM "smartcar_master" m
WHERE m.age >= 18;
