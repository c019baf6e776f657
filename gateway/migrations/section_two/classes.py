"""The class of every new column, by table."""

WHAT = {"PUBLIC": "technical", "PERSONAL": "about a learner or who wrote it", "SPECIAL": "health or family"}

PUBLIC = {
    "assertion": "valid_from document_on document_until told_at tx retracted_tx",
    "person": "policy_digest",
    "registry_event": "xid effective_on detail",
    "registry_commit": "tx at",
    "registry_cluster": "system_identifier xid_base",
    "registry_version": "table_name row_id tx parent_id",
    "field_policy": "digest content first_used_at",
    "movement": "id number enrolment_id kind order_no order_on effective_on until_on reason_code "
    "from_organisation_id to_organisation_id from_grade to_grade cancels_id pair_id recorded_at",
    "transfer_request": "id enrolment_id to_organisation_id grade state hold_until requested_at changed_at",
    "promotion_rule": "from_year from_grade to_grade",
    "grading_scale": "code version grades marks valid_from valid_until",
    "result": "id enrolment_id subject_code period_code kind scale_code scale_version corrects_id recorded_at",
    "attendance_fact": "id enrolment_id lesson_no corrects_id recorded_at",
    "person_relationship": "id source_code exchange_id recorded_at verified_at",
    "consent": "id scope_code purpose_code recipient_code form recorded_at",
    "personal_file_entry": "id number kind recorded_at previous_hash hash",
    "special.record": "id source_code exchange_id key_id nonce recorded_at replaces_id",
    "special.reading": "id read_at",
}

PERSONAL = {
    "registry_version": "content",
    "movement": "recorded_by",
    "transfer_request": "requested_by",
    "result": "mark recorded_by",
    "attendance_fact": "happened_on type reason_code hours recorded_by",
    "person_relationship": "child_id adult_id kind legal_representative evidence status act valid_from "
    "valid_until end_reason rights_limited_by recorded_by",
    "consent": "subject_id giver_id giver_relation given_on expires_on paper_location evidence_sha256 "
    "recorded_by withdrawn_at withdraw_reason",
    "personal_file_entry": "person_id subject_id happened_on paper_location scan_sha256 recorded_by",
    "special.record": "recorded_by",
    "special.reading": "reason read_by",
}

SPECIAL = {
    "special.record": "person_id kind valid_from valid_until ciphertext",
    "special.reading": "person_id",
}
