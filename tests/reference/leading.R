# The numbers that lead the pages of the study, by R: Cox models by the survival package, Poisson models of
# panels and of stacks around arrivals by glm.
# Usage: Rscript leading.R ROWS.csv ANSWERS.csv
suppressPackageStartupMessages(library(survival))
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

# Log rate ratio with effects of unit and period, and the sandwich error over clusters (over periods in one series).
by_glm <- function(case, own) {
  if (length(unique(own$unit)) == 1) own$cluster <- own$period
  groups <- length(unique(own$cluster))
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
  score <- tapply(rest * (own$count - mean), own$cluster, sum)
  record(case, "cluster_error",
         sqrt(groups / (groups - 1) * sum(score^2)) / sum(mean * rest^2))
}

# Mean over arrivals of the log ratio of what the host counted after it to what its own months of reference lead to
# expect, by a Poisson model of its stack in which the host after the arrival is a unit of its own. Half a count is added.
by_arrival <- function(case, own) {
  ratios <- sapply(split(own, own$stack), function(one) {
    after <- one$exposure == 1
    observed <- sum(one$count[after])
    months <- as.character(one$period[after])
    one$unit[after] <- -1
    repeat {  # a unit or a month without any count has a mean of zero, and no part in the fit
      counted <- ave(one$count, one$unit, FUN = sum) > 0 & ave(one$count, one$period, FUN = sum) > 0
      if (all(counted)) break
      one <- one[counted, ]
    }
    one$unit <- factor(one$unit)
    one$period <- factor(one$period)
    fit <- glm(count ~ 0 + unit + period, poisson, one, epsilon = 1e-14, maxit = 200)
    level <- coef(fit)[grepl("^period", names(coef(fit)))]
    names(level) <- sub("^period", "", names(level))
    level[levels(one$period)[1]] <- 0
    of_month <- exp(level[months])
    expected <- exp(coef(fit)[["unit0"]]) * sum(of_month[!is.na(of_month)])
    log((observed + 0.5) / (expected + 0.5))
  })
  record(case, "estimate", mean(ratios))
}

for (case in unique(rows$case)) {
  own <- rows[rows$case == case, ]
  switch(own$engine[1],
    coxph = by_coxph(case, own),
    glm = by_glm(case, own),
    arrivals = by_arrival(case, own)
  )
}
write.csv(do.call(rbind, answers), arguments[2], row.names = FALSE, quote = FALSE)
