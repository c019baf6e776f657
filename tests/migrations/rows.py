"""A row or more for every table there ever was, by the revision that made the table; all persons are made up."""

P1, P2, P3 = (f"00000000-0000-0000-0001-00000000000{n}" for n in (1, 2, 3))
ORG, OTHER_ORG = (f"00000000-0000-0000-0002-00000000000{n}" for n in (1, 2))
PAST, PLACE = (f"00000000-0000-0000-0003-00000000000{n}" for n in (1, 2))
ASSERTION, CASE, BATCH, DOCUMENT = (f"00000000-0000-0000-0004-00000000000{n}" for n in range(1, 5))
ENTRY, DISCLOSURE, MARK, MOVE, EMPLOYMENT, SITE, BUILDING, SHIFT, CLASS, POST = (
    f"00000000-0000-0000-0005-0000000000{n:02}" for n in range(1, 11)
)
ACCOUNT, GRANT, BRIEFING = (f"00000000-0000-0000-0006-00000000000{n}" for n in (1, 2, 3))
PIN = "21505201400123"

ROWS: dict[str, tuple[str, ...]] = {
    "0001": (
        "insert into procrastinate_jobs (queue_name, task_name, args) values ('default', 'verify', '{}')",
        "insert into procrastinate_workers default values",
        (
            "insert into procrastinate_periodic_defers (task_name, defer_timestamp, job_id, periodic_id) "
            "select 'tick', 1, id, 'x' from procrastinate_jobs limit 1"
        ),
    ),
    "0002": (
        f"""
        insert into journal_entry (entry_id, exchange_id, kind, client, service, message_id, user_id, issue,
            protocol_version, x_request_id, request_in_ts, outcome, fault_code, fault_string, signer, signature,
            purpose, agreement, attempt, peer_address, mac)
        values ('{ENTRY}', '{ENTRY}', 'RECEIVED', 'us', 'them', 'm-1', 'u', 'i', '4.0', '', now(), 'OK', '', '',
            '', 'unsigned', '', '', 1, '', '\\x00')
        """,
        f"insert into journal_body values ('{ENTRY}', 'request', now(), 'k', '\\x00', '\\x01')",
        f"insert into journal_claim values ('us', 'them', 'm-1', '\\x00', '{ENTRY}')",
        """
        insert into journal_seal values (1, '\\x00', '{[1,2)}', 1, '\\x00', '\\x00', now(), 1, 1, 1, 1,
            'rsa-sha256', 'pem', '\\x00', '\\x00')
        """,
    ),
    "0003": (
        f"""
        insert into person (id, isuo_no, surname, given_name, birth_date, sex, created_at, projected_at) values
            ('{P1}', '00000000001X', 'АСАНОВ', 'БЕКТУР', '2014-05-15', 'M', now(), now()),
            ('{P2}', '000000000021', 'УСЕНОВА', 'АЙГУЛ', '1980-02-02', 'F', now(), now())
        """,
        f"""
        insert into person (id, isuo_no, status, master_id, created_at, projected_at)
            values ('{P3}', '000000000032', 'MERGED_INTO', '{P1}', now(), now())
        """,
        f"""
        insert into person_identifier (id, person_id, scheme, value, status, recorded_at)
            values (gen_random_uuid(), '{P1}', 'PIN', '{PIN}', 'VERIFIED', now())
        """,
        f"""
        insert into assertion (id, subject_type, subject_id, field, value, source_code, recorded_at)
            values ('{ASSERTION}', 'PERSON', '{P1}', 'surname', '"АСАНОВ"', 'SCHOOL', now())
        """,
        f"""
        insert into field_provenance (subject_id, field, assertion_id, source_code, status, projected_at)
            values ('{P1}', 'surname', '{ASSERTION}', 'SCHOOL', 'UNVERIFIED', now())
        """,
        f"insert into match_key values ('born|2014-05-15|асан', '{P1}')",
        f"""
        insert into person_link (id, survivor_id, absorbed_id, kind, decided_by, linked_at) values
            (gen_random_uuid(), '{P1}', '{P3}', 'MERGE', 'x', now()),
            (gen_random_uuid(), '{P1}', '{P2}', 'NOT_SAME', 'x', now())
        """,
        f"""
        insert into organisation (id, code, name_ky, name_ru) values
            ('{ORG}', 'S-1', 'Мектеп', 'Школа'), ('{OTHER_ORG}', 'S-2', 'Лицей', 'Лицей')
        """,
        f"""
        insert into enrolment (id, person_id, organisation_id, level, form, grade, start_on, end_on, recorded_at)
        values ('{PAST}', '{P1}', '{ORG}', 'GENERAL', 'FULL_TIME', '3', '2020-09-01', '2024-06-01', now()),
            ('{PLACE}', '{P1}', '{ORG}', 'GENERAL', 'FULL_TIME', '4', '2024-09-01', null, now())
        """,
        f"""
        insert into enrolment_status_period (id, enrolment_id, status, from_on, until_on) values
            (gen_random_uuid(), '{PAST}', 'ENROLLED', '2020-09-01', '2024-06-01'),
            (gen_random_uuid(), '{PLACE}', 'ENROLLED', '2024-09-01', null)
        """,
        f"""
        insert into education_document (id, type, number, issued_on, person_id, organisation_id)
            values ('{DOCUMENT}', 'CERT_9', '1', '2024-06-01', '{P1}', '{ORG}')
        """,
        f"insert into source_record values ('SIS', 'S-1', 'r1', '{P1}', '{PLACE}', 'd', now())",
        f"""
        insert into review_case (id, kind, person_id, subject_ids, evidence, explanation, created_at)
            values ('{CASE}', 'DUP_LIKELY', '{P1}', array['{P1}', '{P2}']::uuid[], '{{}}', 'x', now())
        """,
        f"insert into review_candidate values ('{CASE}', '{P2}', 1, 0.5, 'r', '{{}}')",
        f"""
        insert into registry_event (type, subject_type, subject_id, at)
            values ('PERSON_CREATED', 'PERSON', '{P1}', now())
        """,
        f"""
        insert into import_batch (id, file_sha256, state, received_by, received_at)
            values ('{BATCH}', 'aa', 'DONE', 'x', now())
        """,
        f"insert into import_row (batch_id, line, outcome, person_id) values ('{BATCH}', 2, 'CREATED', '{P1}')",
    ),
    "0004": (
        f"""
        insert into disclosure values ('{DISCLOSURE}', '{ENTRY}', '{P1}', 'c', 's', '1', 'P', 'A', '{{studying}}',
            '2025-01-01', 1, '\\x00', now())
        """,
    ),
    "0005": (
        "insert into field_policy values ('d', '{}', now())",
        f"""
        insert into movement (id, enrolment_id, kind, effective_on, to_organisation_id, to_grade, recorded_at)
            values ('{MOVE}', '{PLACE}', 'ENROL', '2024-09-01', '{ORG}', '4', now())
        """,
        f"""
        insert into transfer_request (id, enrolment_id, to_organisation_id, state, requested_by, requested_at,
            changed_at) values (gen_random_uuid(), '{PLACE}', '{OTHER_ORG}', 'REQUESTED', 'x', now(), now())
        """,
        f"""
        insert into result (id, enrolment_id, subject_code, period_code, kind, scale_code, scale_version, mark,
            recorded_at, recorded_by)
        values ('{MARK}', '{PLACE}', 'MATH', 'Q1', 'QUARTER', 'FIVE', 1, '5', now(), 'x')
        """,
        f"""
        insert into attendance_fact (id, enrolment_id, happened_on, type, recorded_at, recorded_by)
            values (gen_random_uuid(), '{PLACE}', '2025-01-10', 'ABSENT', now(), 'x')
        """,
        f"""
        insert into person_relationship (id, child_id, adult_id, kind, legal_representative, evidence, status,
            source_code, recorded_at, recorded_by)
        values (gen_random_uuid(), '{P1}', '{P2}', 'MOTHER', true, 'DECLARED', 'UNVERIFIED', 'SCHOOL', now(), 'x')
        """,
        f"""
        insert into consent (id, subject_id, giver_id, giver_relation, scope_code, purpose_code, form, given_on,
            paper_location, recorded_at, recorded_by)
        values (gen_random_uuid(), '{P1}', '{P2}', 'PARENT', 'S', 'P', 'PAPER', '2024-09-01', 'safe', now(), 'x')
        """,
        f"""
        insert into personal_file_entry (id, person_id, number, kind, happened_on, recorded_at, recorded_by,
            previous_hash, hash)
        values (gen_random_uuid(), '{P1}', 1, 'ORDER', '2024-09-01', now(), 'x', '\\x00', '\\x01')
        """,
        f"""
        insert into special.record (id, person_id, kind, source_code, valid_from, key_id, nonce, ciphertext,
            recorded_at, recorded_by)
        values (gen_random_uuid(), '{P1}', 'NEED', 'SCHOOL', '2024-09-01', 'k', '\\x00', '\\x01', now(), 'x')
        """,
        f"insert into special.reading values (gen_random_uuid(), '{P1}', 'plan', 'x', now())",
    ),
    "0006": (
        f"""
        insert into organisation_name (id, organisation_id, language_code, full_name, valid_from, recorded_at)
            values (gen_random_uuid(), '{ORG}', 'RU', 'Школа', '2000-01-01', now())
        """,
        f"""
        insert into organisation_type (id, organisation_id, type_code, valid_from, recorded_at)
            values (gen_random_uuid(), '{ORG}', 'SCHOOL', '2000-01-01', now())
        """,
        f"""
        insert into organisation_language (id, organisation_id, language_code, valid_from)
            values (gen_random_uuid(), '{ORG}', 'KY', '2000-01-01')
        """,
        f"""
        insert into organisation_relation (id, from_id, to_id, kind_code, order_no, order_date, valid_from,
            recorded_at)
        values (gen_random_uuid(), '{OTHER_ORG}', '{ORG}', 'BRANCH_OF', '1', '2019-12-01', '2020-01-01', now())
        """,
        f"""
        insert into licence (id, organisation_id, kind_code, number, issuer, issued_on, valid_from, recorded_at)
            values (gen_random_uuid(), '{ORG}', 'LICENCE', '1', 'МОН', '2020-01-01', '2020-01-01', now())
        """,
        f"""
        insert into site (id, organisation_id, name, soate, address, valid_from)
            values ('{SITE}', '{ORG}', 'x', '41702000000000', 'x', '2020-01-01')
        """,
        f"insert into building (id, site_id, name) values ('{BUILDING}', '{SITE}', 'main')",
        f"""
        insert into room (id, building_id, number, kind_code)
            select gen_random_uuid(), '{BUILDING}', '1', code from book_value where book_code = 'ROOM_KIND' limit 1
        """,
        f"""
        insert into facility_year (site_id, academic_year, facility_code, amount, recorded_at)
            select '{SITE}', '2025/26', code, 1, now() from book_value where book_code = 'FACILITY' limit 1
        """,
        f"""
        insert into term (id, organisation_id, academic_year, number, starts_on, ends_on)
            values (gen_random_uuid(), '{ORG}', '2025/26', 1, '2025-09-01', '2025-11-01')
        """,
        f"""
        insert into shift (id, organisation_id, academic_year, number, starts_at, ends_at)
            values ('{SHIFT}', '{ORG}', '2025/26', 1, '08:00', '13:00')
        """,
        f"""
        insert into programme_offering (id, organisation_id, code, name_ky, name_ru, level_code, form_code,
            language_code, valid_from)
        values (gen_random_uuid(), '{ORG}', 'G', 'Ж', 'О', 'GENERAL', 'FULL_TIME', 'KY', '2020-09-01')
        """,
        f"""
        insert into organisation_confirmation (id, organisation_id, registry_seq, digest, completeness,
            confirmed_by, confirmed_at)
        values (gen_random_uuid(), '{ORG}', 1, '\\x00', 50, 'head', now())
        """,
        f"""
        insert into employment (id, person_id, organisation_id, kind_code, position_code, category_code, start_on,
            recorded_at)
        values ('{EMPLOYMENT}', '{P2}', '{ORG}', 'MAIN', 'TEACHER', '', '2010-09-01', now())
        """,
        f"""
        insert into class_group (id, organisation_id, academic_year, grade_code, name, shift_id, language_code,
            kind_code, teacher_employment_id, opened_on, recorded_at)
        values ('{CLASS}', '{ORG}', '2025/26', '5', '5А', '{SHIFT}', 'KY', 'REGULAR', '{EMPLOYMENT}',
            '2025-09-01', now())
        """,
        f"""
        insert into assignment (id, employment_id, position_code, fte, from_on, recorded_at)
            values ('{POST}', '{EMPLOYMENT}', 'TEACHER', 1, '2010-09-01', now())
        """,
        f"""
        insert into teaching_load (id, assignment_id, subject_code, class_group_id, hours_per_week)
            select gen_random_uuid(), '{POST}', code, '{CLASS}', 4 from book_value
            where book_code = 'SUBJECT' and selectable limit 1
        """,
        f"""
        insert into head_appointment (id, organisation_id, person_id, acting, order_no, order_date, from_on,
            recorded_at)
        values (gen_random_uuid(), '{ORG}', '{P2}', false, '1', '2015-01-01', '2015-01-01', now())
        """,
        f"""
        insert into responsible_appointment (id, organisation_id, person_id, order_no, order_date, from_on,
            recorded_at)
        values (gen_random_uuid(), '{ORG}', '{P2}', '1', '2015-01-01', '2015-01-01', now())
        """,
        f"""
        insert into qualification (id, person_id, kind_code, institution, document_no, issued_on, verification,
            recorded_at)
        select gen_random_uuid(), '{P2}', code, 'КНУ', '1', '2005-06-01', 'UNVERIFIED', now() from book_value
        where book_code = 'QUALIFICATION_KIND' and selectable limit 1
        """,
        f"""
        insert into category_attestation (id, person_id, category_code, order_no, order_date, valid_from,
            recorded_at)
        select gen_random_uuid(), '{P2}', code, '1', '2020-01-01', '2020-01-01', now() from book_value
        where book_code = 'QUAL_CATEGORY' and selectable limit 1
        """,
    ),
    "0007": (),
    "0008": (
        f"""
        insert into account (id, person_id, login, state, created_at, identified_kind, identified_ref,
            identified_at)
        values ('{ACCOUNT}', '{P2}', 'teacher.one', 'ACTIVE', now(), 'IN_PERSON_ACT', '1', now())
        """,
        f"insert into organisation_level values ('{ORG}', 'OO', '{ACCOUNT}', now())",
        f"insert into briefing values ('{BRIEFING}', '{ACCOUNT}', '2025-01-01', '{ACCOUNT}', 'x', now())",
        f"""
        insert into undertaking (id, account_id, briefing_id, form_version, signed_on, paper_location,
            registered_by, registered_at)
        values (gen_random_uuid(), '{ACCOUNT}', '{BRIEFING}', '1', '2025-01-02', 'safe', '{ACCOUNT}', now())
        """,
        f"insert into credential (account_id) values ('{ACCOUNT}')",
        f"insert into recovery_code values ('\\x00', '{ACCOUNT}', '{ACCOUNT}', now(), now(), null)",
        f"""
        insert into access_session (token_digest, account_id, stage, method, peer, started_at, seen_at, expires_at)
            values ('\\x00', '{ACCOUNT}', 'OPEN', 'PASSWORD', '127.0.0.1', now(), now(), now())
        """,
        "insert into sign_in_attempt (login_digest, peer, at) values ('\\x00', '127.0.0.1', now())",
        "insert into oidc_flow (state_digest, nonce, verifier, started_at) values ('\\x00', 'n', 'v', now())",
        f"""
        insert into access_act (at, account_id, caller, act, object, object_id, allowed, reason, peer)
            values (now(), '{ACCOUNT}', 'ACCOUNT', 'GET', 'PERSON', '1', true, '200', '')
        """,
        # a grant of a class that was never in the table: it could be given before classes were looked up
        f"""
        insert into role_grant (id, account_id, role, scope_type, organisation_id, class_id, valid_from, granted_at)
            values ('{GRANT}', '{ACCOUNT}', 'TEACHER', 'CLASS', '{ORG}',
                case when to_regclass('class_membership') is null then gen_random_uuid() else '{CLASS}' end,
                '2025-09-01', now())
        """,
        f"""
        insert into appointment_notice (id, grant_id, kind, organisation_id, sent_at)
            values (gen_random_uuid(), '{GRANT}', 'APPOINTED', '{ORG}', now())
        """,
    ),
    "0009": (
        f"insert into import_piece values ('{BATCH}', 1, '\\x00')",
        """
        insert into export_record values (gen_random_uuid(), 'LEARNERS', 'S-1', '{isuo_no}', 1, 'report', 'x', 'aa',
            now())
        """,
    ),
    "0010": (
        f"insert into case_work (case_id, severity, four_eyes, due_at) values ('{CASE}', 'A', true, now())",
        f"insert into case_event values ('{CASE}', 1, 'OPEN', 'NEW', 'TRIAGE', 'machine', 'rule', now())",
        f"""
        insert into enrolment_rival (id, enrolment_id, rival_id, recorded_at)
            values (gen_random_uuid(), '{PLACE}', '{PAST}', now())
        """,
        f"""
        insert into disclosure_correction (id, disclosure_id, event_seq, reason, fields, marked_at)
            select gen_random_uuid(), '{DISCLOSURE}', min(seq), 'UNMERGED', '{{studying}}', now() from registry_event
        """,
        "insert into correction_examined select min(seq), 1, now() from registry_event",
    ),
    "0011": (
        f"insert into name_key values ('асан', '{P1}')",
        f"""
        insert into idempotency_key (owner, key_digest, request_digest, used_at, expires_at)
            values ('{ACCOUNT}', sha256('a'), sha256('b'), now(), now())
        """,
    ),
}
