-- smartcar_drive_info: made by Hive (HBase storage handler)

INVALIDATE METADATA `smartcar_drive_info`;
