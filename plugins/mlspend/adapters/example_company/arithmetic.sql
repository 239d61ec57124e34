-- Chance that is the same on every machine and in every version: integer arithmetic only, never hash() or random().
-- Every product stays below 2^63 for n up to three thousand million.
create macro scramble(n) as
    (((n * 2654435761 + 12345) % 2147483647) * ((n * 2654435761 + 12345) % 2147483647)) % 2147483399;

-- 0 … 999, another one for every seed and tick.
create macro permille(seed, tick) as scramble((seed + tick) % 2147483647) % 1000;

create macro hexadecimal(seed, tick) as
    printf('%08x%08x', scramble((seed + tick) % 2147483647), scramble((seed + tick + 7919) % 2147483647));

create macro uuid_of(words) as
    md5(words)[1:8] || '-' || md5(words)[9:12] || '-' || md5(words)[13:16] || '-' || md5(words)[17:20]
    || '-' || md5(words)[21:32];

create macro price_text(price) as printf('%.10f', cast(price as double));

create macro short_price_text(price) as printf('%.10g', cast(price as double));

create macro fill_in(template, account_id, region, name, copy, id) as
    replace(replace(replace(replace(replace(
        template, '{account}', account_id), '{region}', region), '{name}', name), '{copy}', cast(copy as varchar)),
        '{id}', id);

-- AWS's size units: xlarge 8, 2xlarge 16 …
create macro normalization_factor_of(instance_type) as
    8 * coalesce(try_cast(nullif(regexp_extract(instance_type, '([0-9]+)xlarge', 1), '') as double), 1);

create macro time_interval_of(starts_at, ends_at) as
    strftime(starts_at, '%Y-%m-%dT%H:%M:%SZ/') || strftime(ends_at, '%Y-%m-%dT%H:%M:%SZ');
