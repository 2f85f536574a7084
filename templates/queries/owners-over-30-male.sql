-- owners over 30 and male
-- @param age integer = 30 | older than this
SELECT car_number, sex, age, marriage, region, job, car_capacity, car_year, car_model
FROM smartcar_master
WHERE age > $age AND sex IN ('남', 'male')
ORDER BY car_number
