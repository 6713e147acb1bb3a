-- The token pairs that were prepared, one JSON object a line.
local pairs_of_tokens = {}
for line in io.lines(os.getenv("DOORWARD_LOAD_PAIRS")) do
  local access, refresh = line:match('"access":"([^"]+)"'), line:match('"refresh":"([^"]+)"')
  if access and refresh then
    table.insert(pairs_of_tokens, { access = access, refresh = refresh })
  end
end
return pairs_of_tokens
