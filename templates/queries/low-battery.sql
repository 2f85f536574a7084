-- status rows with a battery below a limit
-- @param battery integer = 60 | lower than this
-- @param day day = null | day of the rows, all days when left out
SELECT biz_date, car_number, reg_date, battery, sex, age, region, car_model, car_year
FROM managed_smartcar_status_info
WHERE battery < $battery AND ($day IS NULL OR biz_date = $day)
ORDER BY biz_date, car_number, reg_date
