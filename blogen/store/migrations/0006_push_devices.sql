-- A subscription to Web Push ends with the device that asked for it: who signs out is told nothing more there. Those
-- that exist, and those made with a token of the owner's, belong to no device, and end as before.
ALTER TABLE push_subscriptions ADD COLUMN device_id TEXT REFERENCES devices (id) ON DELETE CASCADE;
CREATE INDEX push_subscriptions_of_device ON push_subscriptions (device_id) WHERE device_id IS NOT NULL;
