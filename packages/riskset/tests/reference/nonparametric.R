# Survival curves, cumulative incidence and log-rank tests by R's survival package, on the rows
# that the test has written. Usage: Rscript nonparametric.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answers <- list()

record <- function(case, quantity, values) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = seq_along(values) - 1,
    value = sprintf("%.17g", as.numeric(values))
  )
}

curve <- function(case, fit, robust) {
  at <- fit$n.event > 0 & fit$surv > 0
  record(case, "time", fit$time[at])
  record(case, "n_risk", fit$n.risk[at])
  record(case, "n_event", fit$n.event[at])
  record(case, "survival", fit$surv[at])
  # R keeps the error of log S without clusters, that of S with them.
  record(case, "std_error", if (robust) fit$std.err[at] else (fit$surv * fit$std.err)[at])
  record(case, "ci_low", fit$lower[at])
  record(case, "ci_high", fit$upper[at])
  area <- summary(fit, rmean = 12)$table
  record(case, "rmst", area[["rmean"]])
  # R prints Greenwood's error of the mean even with clusters; its influence is in the residuals.
  influence <- if (robust) residuals(fit, times = 12, type = "rmst", weighted = TRUE)
  by_cluster <- if (robust) rowsum(as.vector(influence), rows$country)
  record(case, "rmst_error", if (robust) sqrt(sum(by_cluster^2)) else area[["se(rmean)"]])
}

entry <- Surv(rows$start, rows$stop, rows$cause > 0)
right <- Surv(rows$stop, rows$cause > 0)
for (scale in c("log-log", "log", "plain")) {
  curve(paste0("entry-", scale), survfit(entry ~ 1, rows, conf.type = scale), FALSE)
  curve(paste0("right-", scale), survfit(right ~ 1, rows, conf.type = scale), FALSE)
}
curve("entry-clusters", survfit(entry ~ 1, rows, cluster = country, conf.type = "plain"), TRUE)
curve("entry-weights",
      survfit(entry ~ 1, rows, weights = w, cluster = country, conf.type = "plain"), TRUE)

state <- factor(rows$cause, 0:2, c("censored", "peace", "victory"))
for (weighted in c(FALSE, TRUE)) {
  rows$weight <- if (weighted) rows$w else 1
  fit <- survfit(Surv(rows$start, rows$stop, state) ~ 1, rows, id = unit, cluster = country,
                 weights = weight)
  case <- if (weighted) "incidence-weights" else "incidence"
  at <- rowSums(fit$n.transition[, 1:2]) > 0
  record(case, "time", fit$time[at])
  record(case, "incidence", fit$pstate[at, 2:3])
  record(case, "std_error", fit$std.err[at, 2:3])
}

record("logrank", "plain", survdiff(right ~ region, rows)$chisq)
record("logrank", "strata", survdiff(right ~ region + strata(z), rows)$chisq)
# Without ties a log-rank test is the score test of a Cox model, entry times or not.
rows$fine <- rows$stop + rows$unit / 1000
score <- coxph(Surv(start, fine, cause > 0) ~ factor(region), rows, cluster = country)
record("logrank", "entry", score$score)
record("logrank", "entry_clusters", score$rscore)
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
