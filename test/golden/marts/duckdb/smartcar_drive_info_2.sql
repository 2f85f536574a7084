CREATE OR REPLACE VIEW "smartcar_drive_info_2" AS
SELECT "r_date", "car_number", "speed_pedal", "break_pedal", "steer_angle", "direct_light", "speed", "area_number", "wrk_date"
FROM read_csv(['lake/drive-log/*/*.log'], columns = {'r_date': 'VARCHAR', 'car_number': 'VARCHAR', 'speed_pedal': 'INTEGER', 'break_pedal': 'INTEGER', 'steer_angle': 'VARCHAR', 'direct_light': 'VARCHAR', 'speed': 'INTEGER', 'area_number': 'VARCHAR'}, delim = ',', header = false, auto_detect = false, quote = '', escape = '', strict_mode = false, hive_partitioning = true, hive_types = {'wrk_date': 'VARCHAR'});
