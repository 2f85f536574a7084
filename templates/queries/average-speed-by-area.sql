-- average speed by area
-- @param threshold double = 0 | only areas that are faster than this, km/h
-- @param day day = null | day of the rows, all days when left out
SELECT area_number, CAST(round(CAST(avg(speed) AS DECIMAL(18, 9)), 2) AS DOUBLE) AS avg_speed,
  count(DISTINCT car_number) AS cars, count(*) AS row_count
FROM managed_smartcar_drive_info
WHERE $day IS NULL OR biz_date = $day
GROUP BY area_number
HAVING avg(speed) > $threshold
ORDER BY avg_speed DESC, area_number
