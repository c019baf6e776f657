"""Which law holds for which table."""

# table: the column of the day its values must hold on, and column=BOOK for each of them
KEEPS_TO_BOOKS = {
    "organisation": " soate=SOATE type_code=ORG_TYPE ownership_code=OWNERSHIP provider_code=PROVIDER "
    "gked_code=GKED locality_kind=LOCALITY_KIND",
    "organisation_name": "valid_from language_code=LANGUAGE_OF_NAME",
    "organisation_type": "valid_from type_code=ORG_TYPE",
    "organisation_language": "valid_from language_code=LANGUAGE_OF_INSTRUCTION",
    "organisation_relation": "valid_from kind_code=ORG_RELATION reorganisation_code=REORGANISATION",
    "licence": "issued_on kind_code=LICENCE_KIND",
    "site": "valid_from soate=SOATE",
    "building": " condition_code=BUILDING_CONDITION",
    "room": " kind_code=ROOM_KIND",
    "facility_year": " academic_year=ACADEMIC_YEAR facility_code=FACILITY",
    "term": "starts_on academic_year=ACADEMIC_YEAR",
    "shift": " academic_year=ACADEMIC_YEAR",
    "programme_offering": "valid_from level_code=LEVEL form_code=STUDY_FORM "
    "language_code=LANGUAGE_OF_INSTRUCTION",
    "class_group": "opened_on academic_year=ACADEMIC_YEAR grade_code=GRADE kind_code=CLASS_KIND "
    "language_code=LANGUAGE_OF_INSTRUCTION",
    "employment": "start_on kind_code=EMPLOYMENT_KIND position_code=POSITION end_reason_code=EMPLOYMENT_END",
    "assignment": "from_on position_code=POSITION",
    "teaching_load": " subject_code=SUBJECT",
    "head_appointment": "from_on founder_code=PROVIDER",
    "qualification": "issued_on kind_code=QUALIFICATION_KIND degree_code=DEGREE",
    "category_attestation": "valid_from category_code=QUAL_CATEGORY",
}
HISTORY = {
    "organisation_name": "valid_until",
    "organisation_type": "valid_until",
    "organisation_relation": "valid_until",
    "head_appointment": "until_on",
    "responsible_appointment": "until_on",
    "category_attestation": "valid_until",
    "assignment": "until_on",
}
BEGINS_ON = {
    "enrolment": "start_on",
    "employment": "start_on",
    "class_group": "opened_on",
    "head_appointment": "from_on",
    "responsible_appointment": "from_on",
}
APPEND_ONLY = ("book_version", "book_value", "organisation_confirmation")

TRIGGERS = (
    """
    create trigger organisation_lifecycle before update of status on organisation
        for each row when (old.status is distinct from new.status) execute function organisation_lifecycle()
    """,
    """
    create constraint trigger reorganised_has_successor after insert or update of status on organisation
        deferrable initially deferred for each row when (new.status = 'REORGANISED')
        execute function reorganised_has_successor()
    """,
    """
    create trigger relation_has_no_circle before insert on organisation_relation
        for each row execute function relation_has_no_circle()
    """,
    # runs after employment_books: triggers of one moment fire in the order of their names
    """
    create trigger employment_category before insert or update on employment
        for each row execute function employment_category()
    """,
    """
    create trigger assignment_within_employment before insert or update on assignment
        for each row execute function assignment_within_employment()
    """,
    """
    create trigger employment_covers_assignments before update of start_on, end_on on employment
        for each row execute function employment_covers_assignments()
    """,
)
