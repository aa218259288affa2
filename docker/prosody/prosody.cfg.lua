-- Prosody for Roomline. What matters to it is marked with (R).
local domain = ENV_XMPP_DOMAIN or "localhost"
local secret = assert(io.open("/run/secrets/xmpp_secret")):read("*l")

data_path = "/var/lib/prosody"
certificates = "/var/lib/prosody/certs"
log = { { levels = { min = "info" }, to = "console" } }

modules_enabled = {
  "roster"; "saslauth"; "tls"; "disco"; "ping"; "posix"; "pep"; "bookmarks"; "blocklist";
  "vcard4"; "vcard_legacy"; "carbons"; "mam"; "smacks"; "limits"; "csi_simple";
}
modules_disabled = { "s2s" } -- volunteers have accounts here; drop this line to federate
authentication = "internal_hashed"
storage = "sql" -- (R) rooms and their archives survive a restart
sql = { driver = "SQLite3", database = "prosody.sqlite" }
limits = { c2s = { rate = "20kb/s" } }

c2s_ports = { 5222 }
component_ports = { 5347 }
component_interfaces = { "*" } -- (R) only reachable in the compose network

VirtualHost(domain)

-- (R) The rooms: one for each person who is texted. With an archive, so that nothing is lost that
-- was said while Roomline was down.
Component("rooms." .. domain) "muc"
  modules_enabled = { "muc_mam" }
  restrict_room_creation = false
  muc_room_cache_size = 5000

-- (R) Roomline itself.
Component("sms." .. domain)
  component_secret = secret
  component_conflict_resolve = "kick_old"
