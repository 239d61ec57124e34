-- Run once by the postgres image, when its volume is empty: one database for Airflow, one for the ledger.
\set ON_ERROR_STOP on
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv mlspend_password MLSPEND_DB_PASSWORD

create role airflow login password :'airflow_password';
create role mlspend login password :'mlspend_password';
create database airflow owner airflow;
create database mlspend owner mlspend;
