-- POST /api/auth/login/ of one account.
local headers = { ["Content-Type"] = "application/json" }
local body = os.getenv("DOORWARD_LOAD_LOGIN")

function request()
  return wrk.format("POST", "/api/auth/login/", headers, body)
end
