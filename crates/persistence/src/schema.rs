//! The tables, once for both databases. `migrations/` is the law; a test holds the two trees to
//! each other.

diesel::table! {
    users (id) {
        id -> BigInt,
        subject -> Text,
        username -> Text,
        username_canonical -> Text,
        email -> Nullable<Text>,
        email_canonical -> Nullable<Text>,
        full_name -> Text,
        password -> Text,
        credential_version -> BigInt,
        tokens_valid_after -> BigInt,
        is_active -> Bool,
        is_staff -> Bool,
        is_superuser -> Bool,
        date_joined -> BigInt,
        last_login -> Nullable<BigInt>,
        groups -> Text,
        is_known_by_subject -> Bool,
        is_imported -> Bool,
        email_verified_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    login_names (name) {
        name -> Text,
        user_id -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Binary,
        user_id -> BigInt,
        generation -> BigInt,
        created_at -> BigInt,
        rotated_at -> BigInt,
        expires_at -> BigInt,
        ends_at -> Nullable<BigInt>,
        address -> Text,
        user_agent -> Text,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        sweep_at -> BigInt,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        sealed -> Binary,
        created_at -> BigInt,
        activates_at -> BigInt,
        retires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    instance (id) {
        id -> BigInt,
        root_fingerprint -> Nullable<Text>,
        key_ring_version -> BigInt,
    }
}

diesel::table! {
    change_counter (id) {
        id -> BigInt,
        last -> BigInt,
    }
}

diesel::table! {
    changes (number) {
        number -> BigInt,
        user_id -> BigInt,
    }
}

diesel::table! {
    account_details (user_id) {
        user_id -> BigInt,
        permissions -> Text,
        attributes -> Text,
    }
}

diesel::table! {
    groups (name) {
        name -> Text,
        id -> BigInt,
        permissions -> Text,
    }
}

// Either of the first two is the key.
diesel::table! {
    imports (key_number, key_text) {
        key_number -> Nullable<BigInt>,
        key_text -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        seen -> Text,
    }
}

diesel::table! {
    foreign_tokens (id) {
        id -> Text,
        expires_at -> BigInt,
        spent_at -> Nullable<BigInt>,
        session_id -> Nullable<Binary>,
    }
}

diesel::table! {
    one_time_secrets (user_id, purpose, slot) {
        user_id -> BigInt,
        purpose -> Text,
        slot -> Text,
        digest -> Binary,
        code_digest -> Nullable<Binary>,
        code_expires_at -> Nullable<BigInt>,
        address -> Text,
        address_canonical -> Text,
        credential_version -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    code_attempts (purpose, address_canonical) {
        purpose -> Text,
        address_canonical -> Text,
        tries -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    mail_requests (id) {
        id -> BigInt,
        what -> Text,
        address -> Text,
        asked_at -> BigInt,
    }
}

diesel::table! {
    letters (id) {
        id -> Binary,
        user_id -> Nullable<BigInt>,
        kind -> Text,
        recipient -> Text,
        sealed -> Nullable<Binary>,
        written_at -> BigInt,
        expires_at -> BigInt,
        state -> Text,
        attempts -> BigInt,
        next_attempt_at -> BigInt,
        last_error -> Nullable<Text>,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    mail_buckets (bucket) {
        bucket -> Text,
        times -> Text,
        last_at -> BigInt,
    }
}

// Kept by diesel_migrations.
diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
        run_on -> Timestamp,
    }
}

diesel::joinable!(login_names -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(account_details -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, login_names, sessions, account_details);
