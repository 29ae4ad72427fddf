-- Which claims a decision on identity rests on.

ALTER TABLE ${store}.decisions ${on_cluster}
    ADD COLUMN IF NOT EXISTS evidence Array(UUID) COMMENT 'event_id of the links, or id of the operator''s claims, that it rests on';

ALTER TABLE ${store}.decisions ${on_cluster}
    COMMENT COLUMN kind 'attach, merge, refuse, quarantine, share, unshare, cut, uncut, release, unrelease, rules';

ALTER TABLE ${store}.claims ${on_cluster}
    COMMENT COLUMN kind 'link, cut, uncut, release, unrelease, rules';

ALTER TABLE ${store}.claims ${on_cluster}
    COMMENT COLUMN evidence 'event_id of a link; id of an operator''s claim and of its withdrawal';
