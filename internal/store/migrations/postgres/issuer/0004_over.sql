-- +goose Up
-- When a token is of no use any more, with all of its family: pruning looks for
-- nothing else. NULL while that is not known: it never expires, or it was replaced
-- and goes when its successor goes.
ALTER TABLE issuer_tokens ADD COLUMN over_at BIGINT;
UPDATE issuer_tokens SET over_at = CASE
    WHEN end_reason = 'replaced' AND EXISTS (
        SELECT 1 FROM issuer_tokens n
        WHERE n.account_id = issuer_tokens.account_id AND n.family_id = issuer_tokens.family_id AND n.end_reason <> 'replaced') THEN NULL
    WHEN ended_at IS NOT NULL THEN ended_at
    WHEN access_expires_at IS NULL OR refresh_digest IS NULL THEN access_expires_at
    WHEN refresh_expires_at IS NULL OR refresh_expires_at > access_expires_at THEN refresh_expires_at
    ELSE access_expires_at END;
CREATE INDEX issuer_tokens_by_over ON issuer_tokens (over_at) WHERE over_at IS NOT NULL;
