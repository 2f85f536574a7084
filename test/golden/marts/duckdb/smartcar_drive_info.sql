CREATE OR REPLACE VIEW "smartcar_drive_info" AS
SELECT
  CONCAT(REVERSE(d.r_date), '-', d.car_number) AS r_key,
  d.r_date, d.car_number, d.speed_pedal, d.break_pedal, d.steer_angle, d.direct_light, d.speed, d.area_number
FROM (
  SELECT "r_date", "car_number", "speed_pedal", "break_pedal", "steer_angle", "direct_light", "speed", "area_number"
  FROM (
    SELECT "r_date", "car_number", "speed_pedal", "break_pedal", "steer_angle", "direct_light", "speed", "area_number", ROW_NUMBER() OVER (PARTITION BY "r_date", "car_number" ORDER BY "speed_pedal" DESC, "break_pedal" DESC, "steer_angle" DESC, "direct_light" DESC, "speed" DESC, "area_number" DESC) AS row_rank
    FROM "smartcar_drive_info_2"
    WHERE 1 = 1
  ) ranked
  WHERE row_rank = 1
) d;
