-- speeding windows by car: how many, how fast
-- @param day day = null | day of the windows, all days when left out
SELECT car_number, count(*) AS windows, round(avg(avg_speed), 1) AS mean_speed, round(max(avg_speed), 1) AS highest_speed,
  min(window_start) AS first_window, max(window_start) AS last_window
FROM speeding_alerts
WHERE $day IS NULL OR day = $day
GROUP BY car_number
ORDER BY windows DESC, car_number
