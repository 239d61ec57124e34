with landed as (
    select * from {{ landed_lines('focus') }}
),

-- The landed files are scanned again here: naming the relation above twice would make DuckDB materialise it whole.
repeated as (
    {{ repeated_lines('focus', focus_identifying_columns(), ['consumed_quantity', 'billed_cost', 'effective_cost']) }}
),

final as (
    select
        landed.* exclude (filename, file_row_number),
        {{ line_id(focus_identifying_columns(), 'repeated.ordinal') }} as x_line_id
    from landed
    left join repeated
        on landed.filename = repeated.filename and landed.file_row_number = repeated.file_row_number
)

select * from final
