# Transition probabilities, state occupation, time in states and transition hazards by R's survival,
# on the rows that the test has written. Usage: Rscript multistate.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
rows$event <- factor(rows$to, c("none", "peace", "talks", "war"))
rows$now <- factor(rows$state, c("peace", "talks", "war"))
answers <- list()

record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}

at <- c(5, 10, 20)
curves <- function(case, fit) {
  found <- summary(fit, times = at)
  record(case, "probability", found$pstate)
  record(case, "std_error", found$std.err)
  area <- summary(fit, rmean = 20)$table
  # R's mean begins at the first time of the curve; what lies before is the initial distribution.
  record(case, "first", fit$time[1])
  record(case, "time_in_state", area[, "rmean"])
  record(case, "time_error", area[, "se(rmean)"])
  record(case, "initial", fit$p0)
}

response <- Surv(rows$start, rows$stop, rows$event)
curves("units", survfit(response ~ 1, rows, id = unit, istate = now))
curves("clusters", survfit(response ~ 1, rows, id = unit, istate = now, cluster = country))
curves("weights", survfit(response ~ 1, rows, id = unit, istate = now, cluster = country,
                          weights = w))
# survfit's start.time fails with clusters; rows cut at that time are the same.
late <- rows[rows$stop > 4, ]
late$start <- pmax(late$start, 4)
curves("since", survfit(Surv(start, stop, event) ~ 1, late, id = unit, istate = now,
                        cluster = country))
for (begin in 2:3) {
  fit <- survfit(response ~ 1, rows, id = unit, istate = now, cluster = country,
                 p0 = as.numeric(1:3 == begin))
  found <- summary(fit, times = at)
  record(paste0("from-", begin), "probability", found$pstate)
  record(paste0("from-", begin), "std_error", found$std.err)
}

for (ties in c("efron", "breslow")) {
  fit <- coxph(Surv(start, stop, event) ~ x + z, rows, id = unit, istate = now, cluster = country,
               ties = ties)
  record(ties, "coefficient", coef(fit))
  record(ties, "covariance", vcov(fit))
  record(ties, "loglik", fit$loglik[2])
  for (begin in 2:3) {
    curve <- survfit(fit, newdata = data.frame(x = 0.5, z = 1), p0 = as.numeric(1:3 == begin))
    record(ties, paste0("from-", begin), summary(curve, times = at)$pstate)
  }
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
