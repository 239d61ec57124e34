"""Pure logic: standard library only; no clock, no network, no Airflow. "Now" is always an argument."""
