-- Quarto's cross-references, callouts, tabsets and conditional content, for pandoc alone.
-- A problem is written to standard error as one line that begins with "collsec: "; any ends the run.

local html = FORMAT:match("html") ~= nil
-- Word and LaTeX have what paper has, by pandoc's own means alone.
local plain = not html and FORMAT ~= "typst"
local format = html and "html" or "typst"
local labels = { fig = "Figure", tbl = "Table", sec = "Section", eq = "Equation" }
local longest_table_in_place = 14 -- rows; a longer one stays whole and goes to the top or foot of a page
local longest_whole_table = 30 -- rows; a longer one may go over the page
local numbers = {} -- identifier -> number as text
local problems = {}
local stringify = pandoc.utils.stringify

local function problem(text)
  problems[#problems + 1] = text
end

-- 0. Nothing that acts: a page is text, and whatever is in the data must not make it a program -----

local schemes = { http = true, https = true, mailto = true }

local function harmless(element)
  for name in pairs(element.attributes) do
    local lower = name:lower()
    if lower:match("^on") or lower:match("^typst:") or lower == "style" or lower == "srcdoc" then
      problem("the attribute '" .. name .. "' is not for pages")
    end
  end
  local target = element.target or element.src
  local scheme = target and target:gsub("[%s%c]", ""):lower():match("^([%w+.-]*):")
  if scheme and not schemes[scheme] then
    problem("a link to '" .. target:sub(1, 40) .. "': only http, https and mailto")
  end
end

local function typst(text)
  return pandoc.RawBlock("typst", text)
end

local function kind_of(identifier)
  local kind = identifier:match("^(%a+)%-.")
  return labels[kind] and kind or nil
end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

-- 1. Content that only one format shows --------------------------------------------------------

local function conditional(element)
  local visible = element.classes:includes("content-visible")
  local hidden = element.classes:includes("content-hidden")
  if not (visible or hidden) then
    return nil
  end
  local wanted, unwanted = element.attributes["when-format"], element.attributes["unless-format"]
  for _, name in ipairs({ wanted or "html", unwanted or "html" }) do
    if name ~= "html" and name ~= "typst" then
      problem("conditional content for format '" .. name .. "': only html and typst are rendered")
    end
  end
  local holds = (not wanted or wanted == format) and (not unwanted or unwanted ~= format)
  return (holds == visible) and element.content or {}
end

-- 2. Callouts and tabsets ------------------------------------------------------------------------

local function callout_of(div)
  for _, class in ipairs(div.classes) do
    local name = class:match("^callout%-(%a+)$")
    if name then
      return name
    end
  end
end

local function callout(div)
  local name = callout_of(div)
  if not name then
    return nil
  end
  local content, title = div.content, nil
  if div.attributes.title then
    title = pandoc.read(div.attributes.title, "markdown-raw_html-raw_tex-raw_attribute").blocks[1].content
  elseif content[1] and content[1].t == "Header" then
    title = content[1].content
    content:remove(1)
  else
    title = { pandoc.Str(name:sub(1, 1):upper() .. name:sub(2)) }
  end
  if plain then
    local out = pandoc.List({ pandoc.Para({ pandoc.Strong(title) }) })
    out:extend(content)
    return pandoc.BlockQuote(out)
  end
  if not html then
    local out = pandoc.List({ typst("#callout(" .. quoted(name) .. ", [") })
    out:insert(pandoc.Plain(title))
    out:insert(typst("])["))
    out:extend(content)
    out:insert(typst("]"))
    return out
  end
  local classes = { "callout" }
  for _, class in ipairs(div.classes) do
    classes[#classes + 1] = class
  end
  local head = pandoc.Div({ pandoc.Plain({ pandoc.Strong(title) }) }, { class = "callout-title" })
  local body = pandoc.Div(content, { class = "callout-body" })
  return pandoc.Div({ head, body }, pandoc.Attr(div.identifier, classes, { role = "note" }))
end

local tabsets = 0

local function tabset(div)
  if not div.classes:includes("panel-tabset") then
    return nil
  end
  local tabs, level = {}, nil
  for _, block in ipairs(div.content) do
    if block.t == "Header" and (level == nil or block.level == level) then
      level = block.level
      tabs[#tabs + 1] = { title = block.content, content = pandoc.List({}) }
    elseif #tabs == 0 then
      problem("a tabset must begin with a heading")
      return nil
    else
      tabs[#tabs].content:insert(block)
    end
  end
  local out = pandoc.List({})
  if plain then
    for _, tab in ipairs(tabs) do
      out:insert(pandoc.Para({ pandoc.Strong(tab.title) }))
      out:extend(tab.content)
    end
    return out
  end
  if not html then
    for _, tab in ipairs(tabs) do
      out:insert(typst("#block(sticky: true)["))
      out:insert(pandoc.Plain({ pandoc.Strong(tab.title) }))
      -- A figure stays below the name of its tab instead of floating to the next free place.
      out:insert(typst("]\n#[#show figure: set figure(placement: none)"))
      out:extend(tab.content)
      out:insert(typst("]"))
    end
    return out
  end
  tabsets = tabsets + 1
  for place, tab in ipairs(tabs) do
    local id = "tabset-" .. tabsets .. "-" .. place
    out:insert(pandoc.RawBlock("html", string.format(
      '<input type="radio" name="tabset-%d" id="%s"%s><label for="%s">',
      tabsets, id, place == 1 and " checked" or "", id)))
    out:insert(pandoc.Plain(tab.title))
    out:insert(pandoc.RawBlock("html", "</label>"))
  end
  for _, tab in ipairs(tabs) do
    local head = pandoc.Div({ pandoc.Plain(tab.title) }, { class = "tab-title" })
    tab.content:insert(1, head)
    out:insert(pandoc.Div(tab.content, { class = "tab-panel" }))
  end
  return pandoc.Div(out, pandoc.Attr("", { "tabset" }, { role = "group" }))
end

-- 3. Numbers, in the order of the text -----------------------------------------------------------

local counts = { fig = 0, tbl = 0, eq = 0 }
local depth = { 0, 0, 0, 0, 0, 0 }
local top = 2 -- the title has the first level
local taken = {}

local function claim(identifier)
  if identifier ~= "" then
    if taken[identifier] then
      problem("identifier '" .. identifier .. "' is given twice")
    end
    taken[identifier] = true
  end
end

local function next_number(identifier)
  local kind = kind_of(identifier)
  counts[kind] = counts[kind] + 1
  numbers[identifier] = tostring(counts[kind])
  return labels[kind] .. "\u{a0}" .. numbers[identifier] .. "."
end

local function captioned(caption, head)
  local block = caption.long[1]
  if block then
    block.content:insert(1, pandoc.Space())
    block.content:insert(1, pandoc.Strong(head))
  else
    caption.long = { pandoc.Plain({ pandoc.Strong(head) }) }
  end
  return caption
end

-- For an attribute of HTML.
local function attribute(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

-- Pandoc knows no alternative text but the caption, and writes none for Typst. A picture that a
-- phone has in a layout of its own names it in the attribute `narrow`.
local function with_alternative(figure)
  local narrow
  local made = figure:walk({
    Image = function(image)
      local text = image.attributes["fig-alt"] or stringify(image.caption)
      narrow = image.attributes.narrow
      if plain then
        -- Both take pictures in points, not in curves, without further programs.
        image.src = image.src:gsub("%.svg$", ".png")
        image.attributes = { width = "100%", alt = text }
        return image
      end
      if not html then
        return pandoc.RawInline("typst", string.format(
          "#picture(%s, %s, is-wide: %s)", quoted(image.src), quoted(text), tostring(narrow ~= nil)))
      end
      if narrow then
        return pandoc.RawInline("html", string.format(
          '<picture><source media="(max-width: 36rem)" srcset="%s"><img src="%s" alt="%s"></picture>',
          attribute(narrow), attribute(image.src), attribute(text)))
      end
      image.attributes.alt = text
      image.attributes["fig-alt"] = nil
      return image
    end,
  })
  if html and not narrow then
    made.classes:insert("is-narrow")
  end
  return made
end

local function header(element)
  claim(element.identifier)
  if element.classes:includes("unnumbered") then
    return nil
  end
  local place = element.level - top + 1
  depth[place] = depth[place] + 1
  for deeper = place + 1, 6 do
    depth[deeper] = 0
  end
  local number = table.concat({ table.unpack(depth, 1, place) }, ".")
  numbers[element.identifier] = number
  local mark = pandoc.Span({ pandoc.Str(number) }, { class = "section-number" })
  element.content:insert(1, pandoc.Str("\u{2002}"))
  element.content:insert(1, mark)
  return element
end

local function figure(element)
  claim(element.identifier)
  if kind_of(element.identifier) ~= "fig" then
    return with_alternative(element), false
  end
  local head = next_number(element.identifier)
  element.caption = captioned(element.caption, head)
  return with_alternative(element), false
end

-- A Div that holds figures and ends with a paragraph is one figure with parts (a), (b), ...
local function figure_group(div)
  claim(div.identifier)
  local head = next_number(div.identifier)
  local caption = div.content:remove()
  if not caption or caption.t ~= "Para" then
    problem("figure '" .. div.identifier .. "' must end with a paragraph, its caption")
    return nil
  end
  local columns = tonumber(div.attributes["layout-ncol"] or "1")
  local parts, letter = pandoc.List({}), 0
  for _, part in ipairs(div.content) do
    if part.t == "Figure" then
      letter = letter + 1
      local name = string.char(96 + letter)
      claim(part.identifier)
      if part.identifier ~= "" then
        numbers[part.identifier] = numbers[div.identifier] .. name
      end
      part.caption = captioned(part.caption, "(" .. name .. ")")
      parts:insert(with_alternative(part))
    end
  end
  local content
  if plain then
    content = parts
  elseif html then
    local style = "grid-template-columns: repeat(" .. columns .. ", minmax(0, 1fr))"
    content = { pandoc.Div(parts, pandoc.Attr("", { "figure-parts" }, { style = style })) }
  else
    content = pandoc.List({ typst("#grid(columns: " .. columns .. ", gutter: 1em,") })
    for _, part in ipairs(parts) do
      content:extend({ typst("["), part, typst("],") })
    end
    content:insert(typst(")"))
  end
  local whole = pandoc.Figure(content, { long = { pandoc.Plain(caption.content) } })
  whole.identifier = div.identifier
  whole.caption = captioned(whole.caption, head)
  return whole, false
end

local function table_(element)
  claim(element.identifier)
  if kind_of(element.identifier) == "tbl" then
    element.caption = captioned(element.caption, next_number(element.identifier))
  end
  for _, row in ipairs(element.head.rows) do
    for _, cell in ipairs(row.cells) do
      cell.attributes.scope = "col"
    end
  end
  for _, body in ipairs(element.bodies) do
    body.row_head_columns = 1
    local above = ""
    for _, row in ipairs(body.body) do
      local cell = row.cells[1]
      cell.attributes.scope = "row"
      local text = stringify(cell.contents)
      if html and text == "" then
        -- A name that is not printed again is read out again.
        cell.contents = { pandoc.Plain({ pandoc.Span({ pandoc.Str(above) }, { class = "unseen" }) }) }
      else
        above = text
      end
    end
  end
  if plain then
    return element, false
  end
  if not html then
    local rows = 0
    for _, body in ipairs(element.bodies) do
      rows = rows + #body.body
    end
    if rows > longest_whole_table then
      return { typst("#[#show figure: set block(breakable: true)"), element, typst("]") }, false
    elseif rows > longest_table_in_place then
      return { typst("#tall["), element, typst("]") }, false
    end
    return element, false
  end
  -- The caption stands outside the frame, so that a wide table scrolls without it.
  local identifier = element.identifier
  local caption = pandoc.Div(element.caption.long,
    pandoc.Attr(identifier ~= "" and identifier .. "-caption" or "", { "table-caption" }))
  element.caption = { long = {} }
  element.identifier = ""
  -- Pairs, not a table of names: Lua gives those in another order at each run.
  local attributes = { { "role", "region" }, { "tabindex", "0" } }
  if identifier ~= "" then
    attributes[3] = { "aria-labelledby", identifier .. "-caption" }
    element.attributes["aria-labelledby"] = identifier .. "-caption"
  end
  local frame = pandoc.Div({ element }, pandoc.Attr("", { "table-frame" }, attributes))
  return pandoc.Div({ caption, frame }, pandoc.Attr(identifier, { "table-figure" })), false
end

-- Typst wants a text for each equation; its source in TeX is the one there is.
local function equation(math, number, identifier)
  if plain then
    return math
  end
  local block = math.mathtype == "DisplayMath"
  if html then
    if not number then
      return math
    end
    local mark = pandoc.Span({ pandoc.Str("(" .. number .. ")") }, { class = "equation-number" })
    return pandoc.Span({ math, mark }, pandoc.Attr(identifier, { "equation" }))
  end
  local inner = pandoc.write(pandoc.Pandoc({ pandoc.Plain({ math }) }), "typst"):gsub("%s+$", "")
  return pandoc.RawInline("typst", string.format(
    "#math.equation(block: %s, alt: %s%s, %s.body)%s",
    tostring(block), quoted((math.text:gsub("%s+", " "))),
    number and ', numbering: _ => "(' .. number .. ')"' or "", inner,
    identifier and "<" .. identifier .. ">" or ";"))
end

local function equations(inlines)
  local out, at = pandoc.List({}), 1
  while at <= #inlines do
    local element = inlines[at]
    if element.t == "Math" then
      local behind = at + 1
      while inlines[behind] and inlines[behind].t:match("^S%a+e?$") and inlines[behind].t ~= "Str"
        and (inlines[behind].t == "Space" or inlines[behind].t == "SoftBreak") do
        behind = behind + 1
      end
      local tag = inlines[behind]
      local id = tag and tag.t == "Str" and tag.text:match("^{#(eq%-[%w_-]+)}$")
      if id and element.mathtype == "DisplayMath" then
        claim(id)
        next_number(id)
        out:insert(equation(element, numbers[id], id))
        at = behind
      else
        out:insert(equation(element))
      end
    else
      out:insert(element)
    end
    at = at + 1
  end
  return out
end

local function division(div)
  if kind_of(div.identifier) == "fig" then
    return figure_group(div)
  end
  claim(div.identifier)
  return nil
end

-- 4. References ---------------------------------------------------------------------------------

local function reference(cite)
  local ours = 0
  for _, citation in ipairs(cite.citations) do
    if kind_of(citation.id) then
      ours = ours + 1
    end
  end
  if ours == 0 then
    return nil
  elseif ours < #cite.citations then
    problem("'" .. stringify(cite.content) .. "' mixes a cross-reference with a citation")
    return nil
  end
  local out = pandoc.List({})
  for place, citation in ipairs(cite.citations) do
    local number = numbers[citation.id]
    if not number then
      problem("@" .. citation.id .. " refers to nothing")
      number = "?"
    end
    if place > 1 then
      out:insert(pandoc.Str(", "))
    end
    if #citation.prefix > 0 then
      out:extend(citation.prefix)
      out:insert(pandoc.Space())
    end
    local text = number
    if citation.mode ~= "SuppressAuthor" then
      text = labels[kind_of(citation.id)] .. "\u{a0}" .. number
    end
    out:insert(pandoc.Link({ pandoc.Str(text) }, "#" .. citation.id))
    out:extend(citation.suffix)
  end
  return out
end

local function link(element)
  local page, anchor = element.target:match("^([%w_.-]+)%.qmd(#?.*)$")
  if page and html then
    element.target = page .. ".html" .. anchor
    return element
  elseif page or (not html and element.classes:includes("file")) then
    return element.content
  end
end

local function verdict(div)
  local code
  for _, class in ipairs(div.classes) do
    code = class:match("^verdict%-([%a-]+)$") or code
  end
  if html or plain or not code then
    return nil
  end
  local content = div.content:walk({
    Span = function(span)
      if span.classes:includes("verdict-label") then
        local open = "#verdict-label(" .. quoted(code) .. ")["
        return { pandoc.RawInline("typst", open), span, pandoc.RawInline("typst", "]") }
      end
    end,
  })
  local out = pandoc.List({ typst("#verdict(" .. quoted(code) .. ")[") })
  out:extend(content)
  out:insert(typst("]"))
  return out
end

local function report(document)
  if #problems > 0 then
    for _, text in ipairs(problems) do
      io.stderr:write("collsec: " .. text .. "\n")
    end
    os.exit(1)
  end
  return document
end

return {
  { Div = harmless, Span = harmless, Link = harmless, Image = harmless, Code = harmless,
    CodeBlock = harmless, Header = harmless, Table = harmless, Figure = harmless },
  { Div = conditional, Span = conditional },
  { Div = function(div) return callout(div) or tabset(div) end },
  { traverse = "topdown", Header = header, Figure = figure, Table = table_, Div = division,
    Inlines = equations },
  { Cite = reference },
  { Link = link, Div = verdict },
  { Pandoc = report },
}
