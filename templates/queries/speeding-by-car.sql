-- speeding windows by car: how many, how fast
-- @param day day = null | day of the windows, all days when left out
SELECT car_number, count(*) AS windows, CAST(round(CAST(avg(avg_speed) AS DECIMAL(18, 9)), 1) AS DOUBLE) AS mean_speed,
  CAST(round(CAST(max(avg_speed) AS DECIMAL(18, 9)), 1) AS DOUBLE) AS highest_speed,
  min(window_start) AS first_window, max(window_start) AS last_window
FROM speeding_alerts
WHERE $day IS NULL OR day = $day
GROUP BY car_number
ORDER BY windows DESC, car_number
