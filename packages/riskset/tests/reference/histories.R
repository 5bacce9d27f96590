# Rows cut by R's survSplit and tmerge. Usage: Rscript histories.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()

record <- function(case, frame) {
  for (name in names(frame)) {
    answers[[length(answers) + 1]] <<- data.frame(
      case = case, quantity = name, position = seq_len(nrow(frame)) - 1,
      value = sprintf("%.17g", as.numeric(frame[[name]]))
    )
  }
}

cut <- survSplit(Surv(start, stop, ended) ~ ., rows[c("unit", "start", "stop", "ended")],
                 cut = c(3, 6, 9.5), episode = "interval")
record("split", cut[order(cut$unit, cut$start), ])

events <- sort(unique(rows$stop[rows$ended == 1]))
cut <- survSplit(Surv(start, stop, ended) ~ ., rows[c("unit", "start", "stop", "ended")],
                 cut = events)
record("events", cut[order(cut$unit, cut$start), ])
# A coefficient that changes with time: on cut rows as by R's tt().
by_tt <- coxph(Surv(start, stop, ended) ~ z + tt(z), rows,
               tt = function(x, t, ...) x * log(t))
answers[[length(answers) + 1]] <- data.frame(
  case = "tt", quantity = "params", position = 0:1, value = sprintf("%.17g", coef(by_tt))
)

list_of <- function(at, value) {
  part <- data.frame(unit = rows$unit, at = rows[[at]], value = rows[[value]])
  part[!is.na(part$at), ]
}
records <- rbind(list_of("first", "one"), list_of("second", "two"))
base <- tmerge(rows[c("unit", "z")], rows, id = unit, tstart = start, tstop = stop,
               ended = event(stop, ended))
merged <- tmerge(base, records, id = unit, value = tdc(at, value), many = cumtdc(at),
                 attack = event(at))
merged <- as.data.frame(merged[c("unit", "tstart", "tstop", "ended", "value", "many", "attack")])
names(merged)[2:3] <- c("start", "stop")
record("merge", merged[order(merged$unit, merged$start), ])
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
