# The numbers that lead the pages of the study, by R: Cox models by the survival package, Poisson models of
# panels by glm, and of stacks around arrivals by Newton's method on sparse indicators.
# Usage: Rscript leading.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages({
  library(survival)
  library(Matrix)
})
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1], stringsAsFactors = FALSE)
answers <- list()
tight <- coxph.control(eps = 1e-14, iter.max = 50)

record <- function(case, quantity, value) {
  answers[[length(answers) + 1]] <<- data.frame(
    case = case, quantity = quantity, position = 0, value = sprintf("%.17g", as.numeric(value))
  )
}

# Log hazard ratio of x1, its robust error, and the error and limits of the cluster jackknife.
by_coxph <- function(case, own) {
  names <- grep("^x[0-9]+$", colnames(own), value = TRUE)
  names <- names[!is.na(unlist(own[1, names]))]
  formula <- as.formula(paste("Surv(start, stop, event) ~", paste(names, collapse = " + "),
                              "+ strata(stratum)"))
  fit <- coxph(formula, own, cluster = cluster, ties = "efron", control = tight)
  record(case, "estimate", coef(fit)[1])
  record(case, "robust_error", sqrt(diag(fit$var))[1])
  if (own$refits[1]) {
    without <- sapply(unique(own$cluster), function(one) {
      coef(coxph(formula, own[own$cluster != one, ], ties = "efron", control = tight))[1]
    })
    groups <- length(without)
    record(case, "jackknife_error", sqrt((groups - 1) / groups * sum((without - coef(fit)[1])^2)))
    record(case, "clusters", groups)
  }
}

# Log rate ratio with effects of unit and period, and the sandwich error over units (over periods in one series).
by_glm <- function(case, own) {
  groups <- length(unique(if (length(unique(own$unit)) > 1) own$unit else own$period))
  repeat {  # a unit or a period without any count has a mean of zero, and no part in the fit
    counted <- ave(own$count, own$unit, FUN = sum) > 0
    if (length(unique(own$unit)) > 1) counted <- counted & ave(own$count, own$period, FUN = sum) > 0
    if (all(counted)) break
    own <- own[counted, ]
  }
  many <- length(unique(own$unit)) > 1
  formula <- if (many) count ~ exposure + factor(unit) + factor(period) else count ~ exposure
  fit <- glm(formula, poisson, own, epsilon = 1e-14, maxit = 100)
  record(case, "estimate", coef(fit)["exposure"])
  mean <- fitted(fit)
  frame <- model.matrix(formula, own)
  others <- frame[, colnames(frame) != "exposure", drop = FALSE]
  rest <- residuals(lm.wfit(others, own$exposure, mean)) # glm's weights are the means
  score <- tapply(rest * (own$count - mean), if (many) own$unit else own$period, sum)
  record(case, "cluster_error",
         sqrt(groups / (groups - 1) * sum(score^2)) / sum(mean * rest^2))
}

# Log ratio common to the treated months of all stacks; every stack by its weight.
by_stacks <- function(case, own) {
  own$unit <- paste(own$stack, own$unit)
  own$period <- paste(own$stack, own$period)
  repeat {
    counted <- ave(own$count, own$unit, FUN = sum) > 0 & ave(own$count, own$period, FUN = sum) > 0
    if (all(counted)) break
    own <- own[counted, ]
  }
  first <- tapply(own$period, own$stack, min)  # dropped: effects of unit and period overlap once a stack
  periods <- factor(own$period)
  use <- !(levels(periods) %in% first)
  x <- cbind(Matrix(own$exposure, sparse = TRUE),
             t(fac2sparse(factor(own$unit))),
             t(fac2sparse(periods))[, use])
  start <- log(ave(own$count, own$unit))
  eta <- start
  beta <- rep(0, ncol(x))
  for (step in 1:200) {
    mean <- exp(eta)
    work <- eta + (own$count - mean) / mean
    weight <- own$weight * mean
    solved <- as.numeric(solve(crossprod(x, Diagonal(x = weight) %*% x), crossprod(x, weight * work)))
    moved <- max(abs(solved - beta))
    beta <- solved
    eta <- as.numeric(x %*% beta)
    if (moved < 1e-10) break
  }
  record(case, "estimate", beta[1])
}

for (case in unique(rows$case)) {
  own <- rows[rows$case == case, ]
  switch(own$engine[1],
    coxph = by_coxph(case, own),
    glm = by_glm(case, own),
    stacks = by_stacks(case, own)
  )
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
