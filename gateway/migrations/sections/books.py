"""The tables of reference books."""

from gateway.migrations.sections.periods import alone

TABLES = (
    'create type textrange as range (subtype = text, collation = "C")',
    """
    create table book_version (
        book_code text not null constraint ck_book_version_book_code check (book_code ~ '^[A-Z][A-Z0-9_]*$'),
        version integer not null constraint ck_book_version_version check (version >= 1),
        name_ky text not null, name_ru text not null, name_en text not null,
        owner text not null, source text not null, effective_on date not null,
        origin text not null constraint ck_book_version_origin check (origin in ('PACKAGE', 'IMPORT')),
        digest text not null, loaded_at timestamptz not null,
        -- who answers for bringing the list in; the product's own books are approved with its release
        approved_by text, constraint ck_book_version_approved_by check
            ((origin = 'IMPORT') = (approved_by is not null and approved_by <> '')),
        constraint pk_book_version primary key (book_code, version)
    )
    """,
    f"""
    create table book_value (
        book_code text not null, version integer not null, position integer not null,
        code text not null, parent_code text,
        name_ky text not null, name_ru text not null, name_en text not null,
        valid_from date, valid_until date, national_code text, international_code text,
        selectable boolean not null, attributes jsonb not null,
        constraint pk_book_value primary key (book_code, version, position),
        constraint fk_book_value_book_code foreign key (book_code, version) references book_version,
        constraint ck_book_value_names check (name_ky <> '' and name_ru <> '' and name_en <> ''),
        {
        alone(
            "ex_book_value_period",
            key="textrange(book_code || '/' || version::text || '/' || code, "
            "book_code || '/' || version::text || '/' || code, '[]') with =",
            days="valid_from, valid_until",
        )
    }
    )
    """,
    "create index ix_book_value_code on book_value (book_code, version, code)",
)
