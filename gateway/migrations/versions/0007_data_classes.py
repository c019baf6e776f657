"""The class of every column: what it may show, to whom, and how it is masked (see gateway.foundation.data_classes)."""

from alembic import op

from gateway.migrations.commented import CLASSES

revision = "0007"
down_revision = "0006"

# table, then lines of class and columns; a table not named here got its classes where it was made
_CLASSES = {
    "alembic_version": "PUBLIC version_num",
    "procrastinate_jobs": """
        PERSONAL lock queueing_lock args
        PUBLIC id queue_name task_name priority status scheduled_at attempts abort_requested worker_id""",
    "procrastinate_events": "PUBLIC id job_id type at",
    "procrastinate_periodic_defers": "PUBLIC id task_name defer_timestamp job_id periodic_id",
    "procrastinate_workers": "PUBLIC id last_heartbeat",
    "journal_entry": """
        PERSONAL user_id issue subject fault_string outcome
        CONTACT peer_address
        PUBLIC seq xid entry_id exchange_id kind client service message_id protocol_version x_request_id
        PUBLIC request_in_ts request_out_ts response_in_ts response_out_ts request_size response_size
        PUBLIC request_sha256 response_sha256 succeeded fault_code signer signature purpose agreement
        PUBLIC attempt mac""",
    "journal_body": "PERSONAL ciphertext\nPUBLIC entry_id part request_in_ts key_id nonce",
    "journal_claim": "PUBLIC client service message_id request_sha256 entry_id",
    "journal_seal": """
        PUBLIC number previous_hash seqs entry_count leaves root sealed_at cluster floor_seq upto_xid upto_seq
        PUBLIC algorithm certificate signature seal_hash""",
    "disclosure": """
        PERSONAL person_id purpose fields answer_sha256
        PUBLIC disclosure_id entry_id client service agreement_no profile as_of_on registry_seq disclosed_at""",
    "person": """
        PERSONAL id isuo_no status master_id surname given_name patronymic birth_date sex citizenship death_date
        PUBLIC version created_at projected_at""",
    "person_identifier": """
        PERSONAL person_id scheme value valid_from valid_until status
        PUBLIC id recorded_at""",
    "assertion": """
        PERSONAL subject_id field value source_record_key entered_by retract_reason
        PUBLIC id seq subject_type source_code exchange_id message_id recorded_at verified_at retracted_at""",
    "field_provenance": """
        PERSONAL subject_id field
        PUBLIC assertion_id source_code verified_at status stale_after projected_at""",
    "match_key": "PERSONAL key person_id",
    "person_link": """
        PERSONAL survivor_id absorbed_id kind decided_by unlink_reason
        PUBLIC id case_id linked_at unlinked_at""",
    "enrolment": """
        PERSONAL person_id organisation_id level form grade start_on expected_end_on end_on held
        PUBLIC id version recorded_at""",
    "enrolment_status_period": """
        PERSONAL enrolment_id status from_on until_on order_no
        PUBLIC id""",
    "education_document": """
        PERSONAL type series number registration_no issued_on person_id organisation_id qualification level
        PERSONAL honours status
        PUBLIC id""",
    "source_record": """
        PERSONAL record_key person_id enrolment_id digest
        PUBLIC source_code organisation_code recorded_at""",
    "review_case": """
        PERSONAL person_id subject_ids evidence explanation decided_by
        PUBLIC id kind state field created_at decision decided_at""",
    "review_candidate": "PERSONAL person_id score rule evidence\nPUBLIC case_id rank",
    "registry_event": "PERSONAL subject_id\nPUBLIC seq type subject_type at",
    "import_batch": """
        PERSONAL file_name sealed_content received_by
        PUBLIC id organisation_code file_sha256 template_version state row_count received_at finished_at""",
    "import_row": "PERSONAL person_id reasons\nPUBLIC batch_id line outcome case_id",
    "book_version": """
        PERSONAL approved_by
        PUBLIC book_code version name_ky name_ru name_en owner source effective_on origin digest loaded_at""",
    "book_value": """
        PUBLIC book_code version position code parent_code name_ky name_ru name_en valid_from valid_until
        PUBLIC national_code international_code selectable attributes""",
    "organisation": """
        PUBLIC id code inn soate name_ky name_ru status special_profile mask_in_disclosure type_code
        PUBLIC ownership_code provider_code gked_code locality_kind okpo registration_no latitude longitude
        PUBLIC opened_on closed_on version book_versions""",
    "organisation_name": """
        PUBLIC id organisation_id language_code full_name short_name order_no valid_from valid_until
        PUBLIC recorded_at book_versions""",
    "organisation_type": """
        PUBLIC id organisation_id type_code special_profile order_no valid_from valid_until recorded_at
        PUBLIC book_versions""",
    "organisation_language": "PUBLIC id organisation_id language_code valid_from valid_until book_versions",
    "organisation_relation": """
        PUBLIC id from_id to_id kind_code reorganisation_code order_no order_date valid_from valid_until
        PUBLIC recorded_at book_versions""",
    "licence": """
        PUBLIC id organisation_id kind_code number issuer programme issued_on valid_from valid_until revoked_on
        PUBLIC recorded_at book_versions""",
    "site": """
        PUBLIC id organisation_id name soate address cadastre_no valid_from valid_until book_versions""",
    "building": "PUBLIC id site_id name condition_code built_in area_m2 capacity book_versions",
    "room": "PUBLIC id building_id number kind_code area_m2 seats book_versions",
    "facility_year": "PUBLIC site_id academic_year facility_code amount recorded_at book_versions",
    "term": "PUBLIC id organisation_id academic_year number starts_on ends_on book_versions",
    "shift": "PUBLIC id organisation_id academic_year number starts_at ends_at book_versions",
    "programme_offering": """
        PUBLIC id organisation_id code name_ky name_ru level_code form_code language_code valid_from valid_until
        PUBLIC book_versions""",
    "class_group": """
        PERSONAL teacher_employment_id
        PUBLIC id organisation_id academic_year grade_code name shift_id language_code kind_code capacity
        PUBLIC opened_on closed_on version recorded_at book_versions""",
    "organisation_confirmation": """
        PERSONAL confirmed_by
        PUBLIC id organisation_id registry_seq digest completeness signature_id confirmed_at""",
    "employment": """
        PERSONAL person_id organisation_id kind_code position_code category_code contract_no order_no start_on
        PERSONAL end_on end_reason_code social_fund_status social_fund_checked_at
        PUBLIC id version recorded_at book_versions""",
    "assignment": """
        PERSONAL employment_id position_code fte from_on until_on
        PUBLIC id recorded_at book_versions""",
    "teaching_load": """
        PERSONAL assignment_id subject_code class_group_id hours_per_week
        PUBLIC id book_versions""",
    "head_appointment": """
        PERSONAL person_id
        PUBLIC id organisation_id acting founder_code order_no order_date from_on until_on recorded_at
        PUBLIC book_versions""",
    "responsible_appointment": """
        PERSONAL person_id
        PUBLIC id organisation_id order_no order_date from_on until_on recorded_at book_versions""",
    "qualification": """
        PERSONAL person_id kind_code degree_code institution speciality document_series document_no issued_on
        PERSONAL education_document_id verification
        PUBLIC id recorded_at book_versions""",
    "category_attestation": """
        PERSONAL person_id category_code order_no order_date valid_from valid_until
        PUBLIC id recorded_at book_versions""",
    "academic_leave": """
        PERSONAL person_id reason_code from_on until_on returned_on
        PUBLIC id enrolment_id organisation_id order_no order_on""",
    "graduate": """
        PERSONAL person_id document_type series number registration_no issued_on honours document_status
        PUBLIC enrolment_id organisation_id level graduated_on document_id""",
}


def upgrade() -> None:
    for table, lines in _CLASSES.items():
        for line in lines.strip().splitlines():
            named, *columns = line.split()
            for column in columns:
                op.execute(f"comment on column {table}.{column} is '{named}: {CLASSES[named]}'")
