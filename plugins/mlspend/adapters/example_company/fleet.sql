-- The fleet: one row for everything that runs. The families of charges fill it, `meters.sql` multiplies it.

create table fleet (
    name varchar primary key,
    product varchar not null,
    account_id varchar not null,
    project varchar not null,
    environment varchar not null,
    stage varchar not null,
    -- How many of it; from scale 2 on, so many in every copy of the company.
    instances integer default 1,
    -- A run starts every so many hours and lasts about so many; 1 and 1: it never stops.
    every_hours integer default 1,
    run_hours integer default 1,
    only_office_hours boolean default false,
    is_surprise boolean default false,
    -- The quantity of one line moves between low and high: 'flat', 'day' (with the daylight), 'noise', 'storage'.
    low decimal(14, 4) default 1,
    high decimal(14, 4) default 1,
    shape varchar default 'flat',
    is_whole boolean default false,
    monthly_growth decimal(6, 4) default 0,
    -- {account}, {region}, {name}, {id} (one per meter) and {run} (one per run) are filled in; null: no resource.
    resource varchar,
    tagging varchar not null,
    commitment varchar
);
