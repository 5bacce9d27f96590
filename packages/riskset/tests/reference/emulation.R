# Marginal structural Cox models and sequences of trials, step by step in base R: pooled logits by
# glm, products by unit, stacked trials by a loop, weighted coxph with clusters.
# Usage: Rscript emulation.R ROWS.csv ANSWERS.csv
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
rows <- rows[order(rows$unit, rows$start), ]
rows$before <- ave(rows$treated, rows$unit, FUN = function(a) c(0, head(a, -1)))
lagged <- function(p) c(1, head(p, -1))

weights_of <- function(open, history, lost) {
  control <- glm.control(epsilon = 1e-14)
  own <- if (history) "+ before" else ""
  part <- rows[open, ]
  ratio <- rep(1, nrow(rows))
  num <- glm(paste("treated ~ start + frail", own), binomial, part, control = control)
  den <- glm(paste("treated ~ start + frail + burden", own), binomial, part, control = control)
  of <- function(fit) { p <- fitted(fit); ifelse(part$treated == 1, p, 1 - p) }
  ratio[open] <- of(num) / of(den)
  w <- ave(ratio, rows$unit, FUN = cumprod)
  if (lost) {
    part <- rows[rows$event == 0, ]
    part$stays <- 1 - part$lost
    num <- glm(stays ~ start + frail + treated, binomial, part, control = control)
    den <- glm(stays ~ start + frail + treated + burden, binomial, part, control = control)
    p <- function(fit) { p <- fitted(fit); ifelse(part$stays == 1, p, 1 - p) }
    stay <- rep(1, nrow(rows))
    stay[rows$event == 0] <- p(num) / p(den)
    w <- w * ave(stay, rows$unit, FUN = function(f) lagged(cumprod(f)))
  }
  w
}
outcome <- function(case, w) {
  rows$w <- w
  fit <- coxph(Surv(start, stop, event) ~ treated + frail, rows, weights = w, cluster = group,
               ties = "efron")
  record(case, "coefficient", coef(fit))
  record(case, "error", sqrt(diag(vcov(fit))))
  record(case, "weights", range(w))
}
outcome("absorbing", weights_of(rows$before == 0, FALSE, FALSE))
kept <- rows
rows$treated <- rows$on
rows$before <- ave(rows$treated, rows$unit, FUN = function(a) c(0, head(a, -1)))
outcome("any", weights_of(rep(TRUE, nrow(rows)), TRUE, FALSE))
rows <- kept
outcome("lost", weights_of(rows$before == 0, FALSE, TRUE))
w <- weights_of(rows$before == 0, FALSE, FALSE)
cut <- quantile(w, c(0.05, 0.95))
outcome("truncated", pmin(pmax(w, cut[1]), cut[2]))

part <- rows[rows$before == 0, ]
control <- glm.control(epsilon = 1e-14)
num <- glm(treated ~ start + burden, binomial, part, control = control)
den <- glm(treated ~ start + burden + frail, binomial, part, control = control)
rows$factor <- 1
rows$factor[rows$before == 0] <- ((1 - fitted(num)) / (1 - fitted(den)))
stack <- NULL
for (m in 0:6) {
  for (u in rows$unit[rows$start == m & rows$before == 0]) {
    own <- rows[rows$unit == u & rows$start >= m, ]
    own$trial <- m
    own$assigned <- own$treated[1]
    own$burden <- own$burden[1]
    own$weight <- cumprod(c(1, own$factor[-1]))
    stack <- rbind(stack, own)
  }
}
arms <- tapply(stack$assigned[stack$start == stack$trial],
               stack$trial[stack$start == stack$trial], function(a) any(a == 1) && any(a == 0))
stack <- stack[stack$trial %in% names(arms)[arms], ]
stack$from <- stack$start - stack$trial
stack$until <- pmin(stack$stop - stack$trial, 5)
stack$event <- ifelse(stack$stop - stack$trial <= 5, stack$event, 0)
stack <- stack[stack$from < 5, ]
fit <- coxph(Surv(from, until, event) ~ assigned + burden + strata(trial), stack, cluster = group)
record("assigned", "coefficient", coef(fit))
record("assigned", "error", sqrt(diag(vcov(fit))))
record("assigned", "rows", nrow(stack))
kept <- stack[stack$treated == stack$assigned, ]
fit <- coxph(Surv(from, until, event) ~ assigned + burden + strata(trial), kept, weights = weight,
             cluster = group)
record("protocol", "coefficient", coef(fit))
record("protocol", "error", sqrt(diag(vcov(fit))))
record("protocol", "rows", nrow(kept))
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
