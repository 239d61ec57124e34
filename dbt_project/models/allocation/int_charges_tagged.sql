{# Whom the tags of a charge name: the first configured key that carries a value, by the name that value stands for. #}
with charges as (
    select
        *,
        {% for dimension in tag_dimensions() -%}
        lower(trim({{ first_tag(dimension) }})) as tagged_{{ dimension }}{{ "," if not loop.last }}
        {% endfor %}
    from {{ ref('focus_costs') }}
    where {{ in_partition() }}
)

select
    charges.*,
    {% for dimension in tag_dimensions() -%}
    {{ tag_value(dimension) }} as named_{{ dimension }}{{ "," if not loop.last }}
    {% endfor %}
from charges
{% for dimension in tag_dimensions() -%}
left join {{ tag_names(dimension) }} as {{ dimension }}_names on charges.tagged_{{ dimension }} = {{ dimension }}_names.tagged
{% endfor %}
